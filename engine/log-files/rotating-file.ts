import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { isForeign, userIn } from '../base/own-directory.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Size at which a new file begins; undefined: never. */
  readonly rotateBytes: number | undefined;
  /** Number of older files to keep, as `.1`, `.2` … */
  readonly backups: number;
  /** When the previous file of this name is closed; two must not rotate at the same time. */
  readonly after?: Promise<void> | undefined;
}

/** Refuses what another user may have put in its place: a link, or a pipe that blocks until it is read. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Appends lines to a file and rotates it. It never follows links. After the first error it accepts no more lines.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #onError: (error: unknown) => void;
  #handle: FileHandle | undefined;
  #sizeBytes = 0;
  #lines: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #hasFailed = false;
  #running: Promise<void> | undefined;

  /** Opens the file after `after`. `onError` is called once, for the first error then or later. */
  constructor(options: RotatingFileOptions, onError: (error: unknown) => void) {
    this.#options = options;
    this.#onError = onError;
    this.#run();
  }

  /** Bytes that are not written yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Accepted lines that are not in the file after an error. */
  get lost(): number {
    return this.#lost;
  }

  /** @param line with its line end */
  write(line: string): void {
    if (this.#hasFailed) return;
    this.#lines.push(line);
    this.#waitingBytes += Buffer.byteLength(line);
    this.#run();
  }

  /** Closes the file after everything is written. */
  async end(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  #run(): void {
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      if (this.#lines.length > 0 && !this.#hasFailed) this.#run();
    });
  }

  async #writeAll(): Promise<void> {
    let taken = 0;
    try {
      await this.#options.after;
      if (this.#handle === undefined) await this.#open();
      await this.#rotateIfFull();
      while (this.#lines.length > 0) {
        const bytes = this.#take();
        taken = bytes.count;
        for (let at = 0; at < bytes.text.length; )
          at += (await (this.#handle as FileHandle).write(bytes.text, at)).bytesWritten;
        taken = 0;
        this.#sizeBytes += bytes.text.length;
        await this.#rotateIfFull();
      }
    } catch (error) {
      this.#hasFailed = true;
      this.#lost = taken + this.#lines.splice(0).length;
      this.#waitingBytes = 0;
      await this.#handle?.close().catch(() => undefined);
      this.#handle = undefined;
      this.#onError(error);
    }
  }

  /** As many lines as fit into the file, at least one. */
  #take(): { readonly text: Buffer; readonly count: number } {
    const { rotateBytes = Number.POSITIVE_INFINITY } = this.#options;
    let count = 0;
    let bytes = 0;
    while (count < this.#lines.length && (count === 0 || this.#sizeBytes + bytes < rotateBytes)) {
      bytes += Buffer.byteLength(this.#lines[count] as string);
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return { text: Buffer.from(this.#lines.splice(0, count).join('')), count };
  }

  async #open(): Promise<void> {
    const { handle, sizeBytes } = await openLog(this.#options.path);
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  async #rotateIfFull(): Promise<void> {
    const { path, rotateBytes, backups } = this.#options;
    if (rotateBytes === undefined || backups === 0 || this.#sizeBytes < rotateBytes) return;
    for (let number = backups; number > 1; number -= 1)
      await rename(`${path}.${number - 1}`, `${path}.${number}`).catch(ignoreMissing);
    await rename(path, `${path}.1`).catch(ignoreMissing);
    const before = this.#handle;
    await this.#open();
    await before?.close();
  }
}

/**
 * Checks that a log can be written, and that no other user can redirect it.
 *
 * @param key the configuration key that names the directory
 * @throws AiocError AIOC_DIRECTORY for a link or another user's file, AIOC_CONFIG if it cannot be opened
 */
export async function checkLog(path: string, key: string): Promise<void> {
  try {
    await (await openLog(path)).handle.close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof AiocError)
      throw new AiocError(error.code, `${why}: remove it, or set ${key} to another directory`);
    throw new AiocError('AIOC_CONFIG', `${key}: cannot write ${path}: ${why}`, { cause: error });
  }
}

/** @throws AiocError AIOC_DIRECTORY, or the system's own error */
async function openLog(path: string): Promise<{ readonly handle: FileHandle; readonly sizeBytes: number }> {
  const handle = await openOrMake(path);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw notUsed(path, 'it is not a regular file');
    if (isForeign(found)) throw notUsed(path, `it belongs to ${userIn(found)}`);
    if (found.nlink > 1) throw notUsed(path, 'it has a second hard link');
    return { handle, sizeBytes: found.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS, 0o600).catch(async (error: unknown) => {
      // The directory was removed while the connector ran.
      if (systemCode(error) !== 'ENOENT') throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      return open(path, FLAGS, 0o600);
    });
  } catch (error) {
    // The errors for a link on Linux and BSD.
    if (['ELOOP', 'EMLINK'].includes(systemCode(error) ?? '')) throw notUsed(path, 'it is a link');
    throw error;
  }
}

function notUsed(path: string, why: string): AiocError {
  return new AiocError('AIOC_DIRECTORY', `cannot use ${path} as the log: ${why}`);
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}
