import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { writeError } from '../files/disk-errors.ts';
import { requireSpace } from '../files/disk-space.ts';
import { makePrivate } from './private-directory.ts';

export interface SpoolOptions {
  /** Made where it is missing, inside one that is there; only the connector's user can enter it. */
  readonly directory: string;
  /** Of one file (max_size_file_upload_send). */
  readonly sizeMaxBytes: number;
  readonly random: Randomness;
}

/**
 * Files that programs have handed over as bytes, since the connector may not be asked to read what they name. Each lies
 * here until the other side has it or its message is given up, and is bounded: LIMITS.spooledFiles and
 * LIMITS.spooledBytes of all together, and LIMITS.diskReserveBytes stay free on the disk.
 */
export class Spool {
  readonly #options: SpoolOptions;
  /** By path. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Whether a path is one of a file here. */
  holds(path: string): boolean {
    return dirname(resolve(path)) === resolve(this.#options.directory);
  }

  /**
   * Begins a file.
   *
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_FILE_WRITE
   */
  async begin(): Promise<SpooledFile> {
    const { directory, random } = this.#options;
    if (this.#sizes.size >= LIMITS.spooledFiles) throw full(`${this.#sizes.size} files`);
    const path = join(directory, random.bytes(16).toString('hex'));
    this.#sizes.set(path, 0);
    try {
      makePrivate(directory);
      const handle = await open(path, NEW_FILE, 0o600);
      return new SpooledFile({ path, handle, spool: this });
    } catch (error) {
      this.#sizes.delete(path);
      throw writeError(path, error);
    }
  }

  /**
   * Room for more bytes of a file.
   *
   * @throws AiocError AIOC_FILE_UNREADABLE beyond max_size_file_upload_send, AIOC_QUEUE_FULL, AIOC_FILE_WRITE
   */
  async grow(path: string, bytes: number): Promise<void> {
    const { directory, sizeMaxBytes } = this.#options;
    const size = (this.#sizes.get(path) ?? 0) + bytes;
    if (size > sizeMaxBytes)
      throw new AiocError(
        'AIOC_FILE_UNREADABLE',
        `the file has more than the ${sizeMaxBytes} bytes that max_size_file_upload_send allows`,
      );
    if (this.#bytes + bytes > LIMITS.spooledBytes) throw full(`${this.#bytes} bytes of files`);
    this.#sizes.set(path, size);
    this.#bytes += bytes;
    await requireSpace(directory, bytes);
  }

  /** Deletes a file; one that is gone already is no fault. */
  async remove(path: string): Promise<void> {
    this.#bytes -= this.#sizes.get(path) ?? 0;
    this.#sizes.delete(path);
    await unlink(path).catch(() => undefined);
  }

  /** At a start: deletes what no message that waits names any more. */
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

  /** @throws the system's own error */
  async sync(): Promise<void> {
    const handle = await open(this.#options.directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** One file on its way into the spool. */
export class SpooledFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #spool: Spool;
  #isOpen = true;

  constructor({ path, handle, spool }: { path: string; handle: FileHandle; spool: Spool }) {
    this.#path = path;
    this.#handle = handle;
    this.#spool = spool;
  }

  /** @throws AiocError as Spool.grow */
  async write(bytes: Buffer): Promise<void> {
    await this.#spool.grow(this.#path, bytes.length);
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw writeError(this.#path, error);
    }
  }

  /**
   * Resolves, with its path, when it would survive a power loss, as the message will that names it.
   *
   * @throws AiocError AIOC_FILE_WRITE; it is gone then
   */
  async finish(): Promise<string> {
    try {
      await this.#handle.sync();
      await this.#close();
      await this.#spool.sync();
      return this.#path;
    } catch (error) {
      await this.discard();
      throw writeError(this.#path, error);
    }
  }

  async discard(): Promise<void> {
    await this.#close().catch(() => undefined);
    await this.#spool.remove(this.#path);
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;

function full(what: string): AiocError {
  return new AiocError(
    'AIOC_QUEUE_FULL',
    `${what} of programs wait already to be sent: send again when some have left`,
  );
}
