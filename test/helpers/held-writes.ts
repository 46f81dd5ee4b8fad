import { type FileHandle, open } from 'node:fs/promises';
import { devNull } from 'node:os';
import type { TestContext } from 'node:test';

/** From here on, a write is one of a piece of a file, and not of a journal or a record. */
const PIECE_BYTES = 100_000;

/** Lets files that arrive take so many bytes in large pieces; what is written then waits for the test. */
export class HeldWrites {
  #leftBytes: number;
  #waiting: (() => void)[] = [];
  #error: Error | undefined;
  #isReleased = false;

  private constructor(bytes: number) {
    this.#leftBytes = bytes;
  }

  static async after(t: TestContext, bytes: number): Promise<HeldWrites> {
    const held = new HeldWrites(bytes);
    const probe = await open(devNull);
    const prototype = Object.getPrototypeOf(probe) as Pick<FileHandle, 'write'>;
    await probe.close();
    const { write } = prototype;
    t.after(() => {
      held.release();
      prototype.write = write;
    });
    Object.assign(prototype, {
      async write(this: FileHandle, ...args: readonly unknown[]): Promise<unknown> {
        await held.#admit((args[0] as Buffer).length);
        return Reflect.apply(write, this, args);
      },
    });
    return held;
  }

  get isHolding(): boolean {
    return this.#waiting.length > 0;
  }

  release(): void {
    this.#isReleased = true;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** The writes that wait fail; later ones do not. */
  fail(error: Error): void {
    this.#error = error;
    this.release();
  }

  async #admit(bytes: number): Promise<void> {
    if (bytes < PIECE_BYTES || this.#isReleased) return;
    this.#leftBytes -= bytes;
    if (this.#leftBytes >= 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#error !== undefined) throw this.#error;
  }
}
