import { EventEmitter } from 'node:events';

/**
 * The input that Ink reads. Our own decoder reads the terminal's keys; only those for a prompt are passed on to Ink, one
 * at a time.
 */
export class KeyFeed {
  readonly #input = new EventEmitter();
  #waiting: string[] = [];

  /** Passes one key on, as the bytes that a terminal sends for it. Does nothing while no prompt listens. */
  write(sequence: string): void {
    this.#waiting.push(sequence);
    if (!this.#input.emit('readable')) this.#waiting = [];
  }

  /** The part of a terminal's input that Ink uses. */
  asInkStdin(): NodeJS.ReadStream {
    const input = Object.assign(this.#input, {
      isTTY: true,
      setRawMode: () => input,
      setEncoding: () => input,
      read: () => this.#waiting.shift() ?? null,
      ref: () => input,
      unref: () => input,
      resume: () => input,
      pause: () => input,
    });
    return input as unknown as NodeJS.ReadStream;
  }
}
