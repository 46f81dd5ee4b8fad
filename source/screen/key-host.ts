import type { Host } from '../../components/host.ts';
import type { InputEvent } from '../../components/terminal/key-decoder.ts';
import type { KeyFeed } from '../../components/terminal/key-feed.ts';

export interface KeyHostOptions {
  readonly promptKeys: KeyFeed;
  readonly appearance: Host['appearance'];
  readonly wallNow: () => number;
  readonly onSuspend: () => void;
  readonly onQuit: (exitCode: number) => void;
}

/** What a screen and lines for a screen reader share: keys, the clock, and the process. */
export abstract class KeyHost
  implements Pick<Host, 'clock' | 'onKey' | 'typeIntoPrompt' | 'suspend' | 'quit'>
{
  readonly appearance: Host['appearance'];
  readonly clock: Host['clock'];
  readonly #options: KeyHostOptions;
  readonly #keyListeners = new Set<(event: InputEvent) => void>();

  constructor(options: KeyHostOptions) {
    this.#options = options;
    this.appearance = options.appearance;
    this.clock = {
      wallNow: options.wallNow,
      after: (delayMs, action) => {
        const timer = setTimeout(action, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    };
  }

  onKey(listener: (event: InputEvent) => void): () => void {
    this.#keyListeners.add(listener);
    return () => this.#keyListeners.delete(listener);
  }

  /** A key has been pressed. */
  press(event: InputEvent): void {
    for (const listener of this.#keyListeners) listener(event);
  }

  typeIntoPrompt(sequence: string): void {
    this.#options.promptKeys.write(sequence);
  }

  suspend(): void {
    this.#options.onSuspend();
  }

  quit(exitCode: number): void {
    this.#options.onQuit(exitCode);
  }
}
