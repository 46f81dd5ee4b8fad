import { constants, type Stats } from 'node:fs';
import { open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { writeError } from '../files/disk-errors.ts';
import { requireSpace } from '../files/disk-space.ts';
import { type PacedFile, SyncPaces } from '../files/paced-file.ts';
import { receivedSeconds } from '../files/received-mode.ts';
import { makePrivate } from './private-directory.ts';

export interface SpoolOptions {
  /** Created if missing (its parent must exist); only the connector's user can enter it. */
  readonly directory: string;
  /** Maximum size of a file (max_size_file_upload_send). */
  readonly sizeMaxBytes: number;
  readonly random: Randomness;
}

/**
 * Files that programs sent as bytes, and copies of files that programs named where file_spool is `copy`. A file
 * stays until the peer has its message or the message is dropped. Limits: LIMITS.spooledFiles and LIMITS.spooledBytes in
 * total; LIMITS.diskReserveBytes stay free on the disk.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #paces = new SyncPaces();
  /** Sizes by path. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Whether a path is in the spool. */
  holds(path: string): boolean {
    return dirname(resolve(path)) === resolve(this.#options.directory);
  }

  /**
   * Creates a file.
   *
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_FILE_WRITE
   */
  async begin(): Promise<SpooledFile> {
    const { directory } = this.#options;
    const path = this.#newPath();
    try {
      makePrivate(directory);
      const file = await this.#paces.open(path, NEW_FILE, 0o600);
      return new SpooledFile({ path, file, spool: this });
    } catch (error) {
      this.#sizes.delete(path);
      throw writeError(path, error);
    }
  }

  /**
   * Reserves room for a copy of a file: its path, which does not exist yet.
   *
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_FILE_UNREADABLE above max_size_file_upload_send, AIOC_FILE_WRITE
   */
  async reserve(sizeBytes: number): Promise<SpooledCopy> {
    const { directory } = this.#options;
    const path = this.#newPath();
    try {
      makePrivate(directory);
      await this.grow(path, sizeBytes);
      return new SpooledCopy(path, this);
    } catch (error) {
      await this.remove(path);
      throw writeError(path, error);
    }
  }

  /** Counts a file. @throws AiocError AIOC_QUEUE_FULL */
  #newPath(): string {
    const { directory, random } = this.#options;
    if (this.#sizes.size >= LIMITS.spooledFiles) throw full(`${this.#sizes.size} files`);
    const path = join(directory, random.bytes(16).toString('hex'));
    this.#sizes.set(path, 0);
    return path;
  }

  /**
   * Reserves room for more bytes of a file.
   *
   * @throws AiocError AIOC_FILE_UNREADABLE above max_size_file_upload_send, AIOC_QUEUE_FULL, AIOC_FILE_WRITE
   */
  async grow(path: string, bytes: number): Promise<void> {
    const { directory, sizeMaxBytes } = this.#options;
    const size = (this.#sizes.get(path) ?? 0) + bytes;
    if (size > sizeMaxBytes)
      throw new AiocError(
        'AIOC_FILE_UNREADABLE',
        `the file has more than ${sizeMaxBytes} bytes, the limit of max_size_file_upload_send`,
      );
    if (this.#bytes + bytes > LIMITS.spooledBytes) throw full(`${this.#bytes} bytes of files`);
    this.#sizes.set(path, size);
    this.#bytes += bytes;
    await requireSpace(directory, bytes);
  }

  /** Deletes a file; a missing one is no error. */
  async remove(path: string): Promise<void> {
    this.#bytes -= this.#sizes.get(path) ?? 0;
    this.#sizes.delete(path);
    await unlink(path).catch(() => undefined);
  }

  /** Deletes the files that no stored message names. For a start. */
  async keepOnly(named: () => Promise<ReadonlySet<string>>): Promise<void> {
    const { directory } = this.#options;
    const names = await readdir(directory).catch((): string[] => []);
    if (names.length === 0) return;
    const kept = await named();
    for (const name of names) {
      const path = join(directory, name);
      const size = kept.has(path)
        ? await stat(path).then(
            (info) => info.size,
            () => undefined,
          )
        : undefined;
      if (size === undefined) {
        await this.remove(path);
        continue;
      }
      this.#sizes.set(path, size);
      this.#bytes += size;
    }
  }

  /** @throws the system's error */
  async sync(): Promise<void> {
    const handle = await open(this.#options.directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** A file being written to the spool. */
export class SpooledFile {
  readonly #path: string;
  readonly #file: PacedFile;
  readonly #spool: Spool;
  #bytes = 0;

  constructor({ path, file, spool }: { path: string; file: PacedFile; spool: Spool }) {
    this.#path = path;
    this.#file = file;
    this.#spool = spool;
  }

  /** @throws AiocError as Spool.grow */
  async write(bytes: Buffer): Promise<void> {
    await this.#spool.grow(this.#path, bytes.length);
    try {
      await this.#file.write(bytes, this.#bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      throw writeError(this.#path, error);
    }
  }

  /**
   * Gives the file its mode and time (default: now), syncs it, so that it survives a power loss, and resolves with its
   * path.
   *
   * @throws AiocError AIOC_FILE_WRITE; the file is then deleted
   */
  async finish({ mode, mtimeMs }: { mode: number; mtimeMs?: number | undefined }): Promise<string> {
    try {
      if (mtimeMs !== undefined) {
        const seconds = receivedSeconds(mtimeMs);
        await this.#file.handle.utimes(seconds, seconds);
      }
      await this.#file.handle.chmod(mode & 0o777);
      await this.#file.sync();
      await this.#file.close();
      await this.#spool.sync();
      return this.#path;
    } catch (error) {
      await this.discard();
      throw writeError(this.#path, error);
    }
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await this.#spool.remove(this.#path);
  }
}

/** A copy of a file that the caller makes. */
export class SpooledCopy {
  readonly path: string;
  readonly #spool: Spool;

  constructor(path: string, spool: Spool) {
    this.path = path;
    this.#spool = spool;
  }

  /**
   * It is there: syncs it, with the mode and the time of its original, and resolves with its path.
   *
   * @throws the system's error
   */
  async finish({ mode, atimeMs, mtimeMs }: Pick<Stats, 'mode' | 'atimeMs' | 'mtimeMs'>): Promise<string> {
    const handle = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await handle.utimes(atimeMs / 1000, mtimeMs / 1000);
      await handle.chmod(mode & 0o777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.#spool.sync();
    return this.path;
  }

  /** @throws AiocError as Spool.grow */
  grow(bytes: number): Promise<void> {
    return this.#spool.grow(this.path, bytes);
  }

  discard(): Promise<void> {
    return this.#spool.remove(this.path);
  }
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;

function full(what: string): AiocError {
  return new AiocError(
    'AIOC_QUEUE_FULL',
    `${what} of local programs are already waiting to be sent: try again later`,
  );
}
