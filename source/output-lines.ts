import type { Writable } from 'node:stream';

/** Writes lines with back-pressure. The reader may close the output at any time; that is an end, not an error. */
export class OutputLines {
  readonly #output: Writable;
  /** Resolves when the output ends; guardStandardOutput reports why. */
  readonly left: Promise<void>;
  #hasLeft = false;

  constructor(output: Writable) {
    this.#output = output;
    this.left = new Promise((resolve) => {
      output.on('error', () => {
        this.#hasLeft = true;
        resolve();
      });
    });
  }

  /**
   * Resolves when the next line may be written.
   *
   * @returns false when the output has ended
   */
  async write(line: string): Promise<boolean> {
    if (!this.#hasLeft && !this.#output.write(`${line}\n`)) {
      await Promise.race([this.left, new Promise((resolve) => this.#output.once('drain', resolve))]);
    }
    return !this.#hasLeft;
  }
}
