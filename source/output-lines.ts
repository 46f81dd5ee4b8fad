import type { Writable } from 'node:stream';

/** Writes lines no faster than they are read; whoever reads may leave at any time, which is the end and no error. */
export class OutputLines {
  readonly #output: Writable;
  /** Resolves when nothing can be written any more: see guardStandardOutput, which says why. */
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
   * @returns false when nothing can be written any more
   */
  async write(line: string): Promise<boolean> {
    if (!this.#hasLeft && !this.#output.write(`${line}\n`)) {
      await Promise.race([this.left, new Promise((resolve) => this.#output.once('drain', resolve))]);
    }
    return !this.#hasLeft;
  }
}
