import type { Writable } from 'node:stream';
import { systemCode } from '../engine/index.ts';

/** Writes lines no faster than they are read; whoever reads may leave at any time, which is the end and no error. */
export class OutputLines {
  readonly #output: Writable;
  /** Resolves when nobody reads any more. */
  readonly left: Promise<void>;
  #hasLeft = false;

  constructor(output: Writable) {
    this.#output = output;
    this.left = new Promise((resolve) => {
      output.on('error', (error) => {
        if (systemCode(error) !== 'EPIPE') throw error;
        this.#hasLeft = true;
        resolve();
      });
    });
  }

  /**
   * Resolves when the next line may be written.
   *
   * @returns false when nobody reads any more
   */
  async write(line: string): Promise<boolean> {
    if (!this.#hasLeft && !this.#output.write(`${line}\n`)) {
      await Promise.race([this.left, new Promise((resolve) => this.#output.once('drain', resolve))]);
    }
    return !this.#hasLeft;
  }
}
