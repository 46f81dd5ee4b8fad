import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '../base/limits.ts';
import type { DiskSpace } from './disk-space.ts';
import { FileContent } from './file-content.ts';
import type { WhenTaken } from './free-name.ts';
import type { HeldDirectory } from './held-directory.ts';
import { PLAIN_FILE } from './received-mode.ts';
import { partialName } from './transfer-records.ts';

export interface PieceSetOptions {
  /** Of its record; names the hidden files. */
  readonly key: string;
  readonly count: number;
}

interface HowToJoin {
  readonly space: DiskSpace;
  readonly name: string;
  readonly taken: WhenTaken;
  readonly mtimeMs: number;
}

interface ReceivedPiece {
  readonly directory: HeldDirectory;
  readonly index: number;
  /** Complete and synced, under a name of its own. */
  readonly name: string;
}

/**
 * The pieces of one file, hidden in the directory of its place, each in a file whose name has its number. A piece has that
 * name only when it is complete.
 */
export class PieceSet {
  readonly key: string;
  readonly count: number;
  /** The sizes of the pieces that are there, by their numbers. */
  readonly #sizes = new Map<number, number>();
  #loaded = false;

  constructor({ key, count }: PieceSetOptions) {
    this.key = key;
    this.count = count;
  }

  /** Looks for what an earlier run has received. */
  async load(directory: HeldDirectory): Promise<void> {
    if (this.#loaded) return;
    for (let index = 1; index <= this.count; index += 1) {
      const found = await directory.find(this.#nameOf(index));
      if (found?.isFile()) this.#sizes.set(index, found.size);
    }
    this.#loaded = true;
  }

  /** Whether it knows which pieces are there. */
  get isLoaded(): boolean {
    return this.#loaded;
  }

  get isComplete(): boolean {
    return this.#sizes.size === this.count;
  }

  /** Without the piece of this number. */
  bytesBeside(index: number): number {
    let bytes = 0;
    for (const [known, size] of this.#sizes) if (known !== index) bytes += size;
    return bytes;
  }

  get missing(): readonly number[] {
    const missing: number[] = [];
    for (let index = 1; index <= this.count; index += 1) if (!this.#sizes.has(index)) missing.push(index);
    return missing;
  }

  /** The hidden name of a piece that is being received. `mark`: of this attempt. */
  unfinishedName(index: number, mark: string): string {
    return `${this.#nameOf(index)}-${mark}`;
  }

  /**
   * Adds a piece. One that is there already, with the same content, is not kept twice; with another content, it begins
   * another file of the same name.
   *
   * @returns whether the pieces that were there belonged to another file, and were deleted
   */
  async add({ directory, index, name }: ReceivedPiece): Promise<boolean> {
    const own = this.#nameOf(index);
    const found = await directory.find(name);
    const isKnown = this.#sizes.has(index);
    const isSame = isKnown && (await haveSameContent(directory, own, name));
    if (isSame) {
      await directory.remove(name);
      return false;
    }
    if (isKnown) await this.#removePieces(directory);
    await rename(directory.at(name), directory.at(own));
    await directory.sync();
    this.#sizes.set(index, found?.size ?? 0);
    return isKnown;
  }

  /**
   * Joins all pieces into one file, in its place.
   *
   * @returns its size
   * @throws AiocError AIOC_FILE_WRITE, and the system's errors
   */
  async join(directory: HeldDirectory, { space, name, taken, mtimeMs }: HowToJoin): Promise<number> {
    const sizeBytes = this.bytesBeside(0);
    const reservation = await space.reserve(directory, sizeBytes);
    const whole = new FileContent({
      ...{ directory, partial: partialName(this.key), mode: PLAIN_FILE, mtimeMs },
      paces: space.paces,
    });
    try {
      await whole.truncate(0);
      for (let index = 1; index <= this.count; index += 1) {
        for await (const bytes of contentOf(directory, this.#nameOf(index))) {
          await reservation.use(bytes.length);
          await whole.write(bytes);
        }
      }
      await whole.finish();
      await whole.close();
      await whole.place({ name, taken, onAttempt: () => Promise.resolve() });
      await directory.sync();
      return sizeBytes;
    } catch (error) {
      await whole.discard();
      throw error;
    } finally {
      reservation.release();
    }
  }

  /** Deletes all pieces. */
  async discard(directory: HeldDirectory): Promise<void> {
    await this.#removePieces(directory);
    await directory.remove(partialName(this.key));
  }

  async #removePieces(directory: HeldDirectory): Promise<void> {
    for (const index of this.#sizes.keys()) await directory.remove(this.#nameOf(index));
    this.#sizes.clear();
  }

  #nameOf(index: number): string {
    return `${partialName(this.key)}-${index}`;
  }
}

async function* contentOf(directory: HeldDirectory, name: string): AsyncGenerator<Buffer> {
  const path = join(directory.base, name);
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (;;) {
      const bytes = Buffer.allocUnsafeSlow(LIMITS.transferPieceBytes);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, null);
      if (bytesRead === 0) return;
      yield bytes.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function haveSameContent(directory: HeldDirectory, one: string, other: string): Promise<boolean> {
  const [left, right] = [await directory.find(one), await directory.find(other)];
  if (left?.size !== right?.size) return false;
  const others = contentOf(directory, other);
  try {
    for await (const bytes of contentOf(directory, one)) {
      const { value } = await others.next();
      if (value === undefined || !bytes.equals(value)) return false;
    }
    return true;
  } finally {
    await others.return(undefined);
  }
}
