import { statfs } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { shownPath, writeError } from './disk-errors.ts';
import type { HeldDirectory } from './held-directory.ts';
import { SyncPaces } from './paced-file.ts';

/**
 * Checks that `sizeBytes` fit on the disk of `directory` and LIMITS.diskReserveBytes remain free.
 * @throws AiocError AIOC_FILE_WRITE
 */
export async function requireSpace(directory: string, sizeBytes: number): Promise<void> {
  const freeBytes = await freeBytesAt(directory, shownPath(directory));
  if (sizeBytes + LIMITS.diskReserveBytes <= freeBytes) return;
  throw tooFull(`The disk of ${shownPath(directory)}`, sizeBytes, freeBytes);
}

/** What is free of a file system: for tests, another answer than the system's. */
export type StatFileSystem = (
  path: string,
) => Promise<{ readonly bavail: number; readonly bsize: number; readonly blocks?: number }>;

/** Room on disks for files that are being received: what all of them have announced and not written counts as used. */
export class DiskSpace {
  /** With which such files are written. */
  readonly paces = new SyncPaces();
  readonly #stat: StatFileSystem;
  /** Announced and not written, by the number of the file system. */
  readonly #expectedBytes = new Map<number, number>();

  constructor(stat: StatFileSystem = statfs) {
    this.#stat = stat;
  }

  /**
   * Reserves room in a directory. LIMITS.diskReserveBytes stay free. Release it in any case.
   * @throws AiocError AIOC_FILE_WRITE, without the path
   */
  async reserve(directory: HeldDirectory, bytes: number): Promise<SpaceReservation> {
    const { dev } = await directory.stat();
    const expected = this.#change(dev, bytes);
    try {
      await this.check(directory, expected);
    } catch (error) {
      this.#change(dev, -bytes);
      throw error;
    }
    return new SpaceReservation({
      bytes,
      check: () => this.check(directory, 0),
      onSettled: (settled) => this.#change(dev, -settled),
    });
  }

  /**
   * The free bytes and the size of a directory's file system.
   *
   * @throws an error of the system
   */
  async room(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const { bavail, bsize, blocks = bavail } = await this.#stat(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  /** @throws AiocError AIOC_FILE_WRITE unless so many bytes fit */
  async check(directory: HeldDirectory, bytes: number): Promise<void> {
    const freeBytes = await freeBytesAt(directory.base, 'its directory', this.#stat);
    if (bytes + LIMITS.diskReserveBytes > freeBytes) throw tooFull('The disk', bytes, freeBytes);
  }

  #change(device: number, bytes: number): number {
    const now = (this.#expectedBytes.get(device) ?? 0) + bytes;
    if (now > 0) this.#expectedBytes.set(device, now);
    else this.#expectedBytes.delete(device);
    return now;
  }
}

/** The room for one file or tree. */
export class SpaceReservation {
  readonly #check: () => Promise<void>;
  readonly #onSettled: (bytes: number) => void;
  #bytes: number;
  #uncheckedBytes = 0;

  constructor(options: { bytes: number; check(): Promise<void>; onSettled(bytes: number): void }) {
    this.#bytes = options.bytes;
    this.#check = options.check;
    this.#onSettled = options.onSettled;
  }

  /**
   * Bytes are about to be written. Looks now and then whether others have filled the disk.
   * @throws AiocError AIOC_FILE_WRITE
   */
  async use(bytes: number): Promise<void> {
    this.forgo(bytes);
    this.#uncheckedBytes += bytes;
    if (this.#uncheckedBytes < LIMITS.diskWatchBytes) return;
    this.#uncheckedBytes = 0;
    await this.#check();
  }

  /** Bytes will not be written. */
  forgo(bytes: number): void {
    const settled = Math.min(bytes, this.#bytes);
    this.#bytes -= settled;
    this.#onSettled(settled);
  }

  release(): void {
    this.forgo(this.#bytes);
  }
}

async function freeBytesAt(path: string, shown: string, stat: StatFileSystem = statfs): Promise<number> {
  try {
    const { bavail, bsize } = await stat(path);
    return bavail * bsize;
  } catch (error) {
    throw writeError(shown, error);
  }
}

function tooFull(what: string, sizeBytes: number, freeBytes: number): AiocError {
  const mib = (bytes: number): string => `${Math.floor(bytes / (1024 * 1024))} MiB`;
  const kept = mib(LIMITS.diskReserveBytes);
  const why =
    sizeBytes > 0
      ? `${mib(sizeBytes)} are needed and ${mib(freeBytes)} are free, of which ${kept} must stay free`
      : `${mib(freeBytes)} are free, and ${kept} must stay free`;
  return new AiocError('AIOC_FILE_WRITE', `${what} is too full: ${why}. Free some space.`);
}
