import { chordOf } from '../keys/chord.ts';
import type { InputEvent } from '../terminal/key-event.ts';

/** Keys that may wait while a prompt or a completion handles earlier ones. */
const WAITING_KEYS_MAX = 256;

export interface KeyQueueOptions {
  /** True while the next key must wait: for a prompt that draws an earlier one, or for a completion. */
  readonly mustWait: () => boolean;
  readonly act: (event: InputEvent) => void;
  /** Ctrl-C: what the keys wait for is not wanted any more. */
  readonly onInterrupt: () => void;
}

/** A read may hold many keys. Those that must wait, and all after them, wait; Ctrl-C drops them. */
export class KeyQueue {
  readonly #options: KeyQueueOptions;
  #waiting: InputEvent[] = [];

  constructor(options: KeyQueueOptions) {
    this.#options = options;
  }

  take(event: InputEvent): void {
    if (event.kind === 'key' && chordOf(event) === 'ctrl-c') {
      this.#waiting = [];
      this.#options.onInterrupt();
    } else if (this.#waiting.length > 0 || this.#options.mustWait()) {
      if (this.#waiting.length < WAITING_KEYS_MAX) this.#waiting.push(event);
      return;
    }
    this.#options.act(event);
  }

  /** Call when the keys may have nothing to wait for any more. */
  next(): void {
    while (!this.#options.mustWait()) {
      const event = this.#waiting.shift();
      if (event === undefined) return;
      this.#options.act(event);
    }
  }
}
