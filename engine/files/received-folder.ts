import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { readError, writeError } from './disk-errors.ts';
import { requireSpace } from './disk-space.ts';
import { IncomingFile } from './incoming-file.ts';
import { checkFileName, PARTIAL_PREFIX } from './safe-name.ts';

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;

export interface ReceivedFolderOptions {
  readonly directory: string;
  readonly random: Randomness;
  readonly clock: Pick<Clock, 'wallNow'>;
}

/** The directory for files from peers. */
export class ReceivedFolder {
  readonly directory: string;
  readonly #random: Randomness;
  readonly #clock: Pick<Clock, 'wallNow'>;
  /** Announced bytes of files that are being received and are not on disk yet. */
  #expectedBytes = 0;

  constructor({ directory, random, clock }: ReceivedFolderOptions) {
    this.directory = directory;
    this.#random = random;
    this.#clock = clock;
  }

  /**
   * Creates the folder if it is missing, and deletes incomplete files of transfers from earlier days.
   * @throws AiocError AIOC_FILE_WRITE
   */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      const staleBefore = this.#clock.wallNow() - LIMITS.stalePartialMs;
      for await (const entry of await opendir(this.directory)) {
        if (!entry.isFile() || !entry.name.startsWith(PARTIAL_PREFIX)) continue;
        const path = join(this.directory, entry.name);
        const { mtimeMs } = await lstat(path);
        if (mtimeMs < staleBefore) await unlink(path);
      }
    } catch (error) {
      throw writeError(this.directory, error);
    }
  }

  /**
   * Starts to receive a file of exactly `sizeBytes` bytes.
   * @throws AiocError AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE (also if the disk would get too full)
   */
  async begin(name: string, sizeBytes: number): Promise<IncomingFile> {
    checkFileName(name);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `A file cannot have ${sizeBytes} bytes. Ask for it to be sent again.`,
      );
    this.#expectedBytes += sizeBytes;
    const partialPath = join(this.directory, PARTIAL_PREFIX + this.#random.bytes(12).toString('hex'));
    let handle: FileHandle;
    try {
      await requireSpace(this.directory, this.#expectedBytes);
      // The mode of the final file, subject to the user's umask.
      handle = await open(partialPath, NEW_FILE, 0o644);
    } catch (error) {
      this.#expectedBytes -= sizeBytes;
      throw writeError(join(this.directory, name), error);
    }
    return new IncomingFile({
      handle,
      partialPath,
      directory: this.directory,
      name,
      sizeBytes,
      onSettled: (bytes) => {
        this.#expectedBytes -= bytes;
      },
    });
  }

  /**
   * The sorted names of the files in the folder; at most LIMITS.receivedFilesListed.
   * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE
   */
  async list(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const entry of await opendir(this.directory)) {
        if (!entry.isFile() || entry.name.startsWith(PARTIAL_PREFIX)) continue;
        names.push(entry.name);
        if (names.length >= LIMITS.receivedFilesListed) break;
      }
    } catch (error) {
      throw readError(this.directory, error);
    }
    return names.sort();
  }
}
