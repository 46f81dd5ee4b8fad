import { lstat, mkdir, opendir, realpath, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { readError, writeError } from './disk-errors.ts';
import { DiskSpace } from './disk-space.ts';
import { HeldDirectory } from './held-directory.ts';
import { beginFile, type IncomingFile } from './incoming-file.ts';
import { checkFileName, PARTIAL_PREFIX, plainName } from './safe-name.ts';
import type { TargetPlace } from './transfer-targets.ts';

export interface ReceivedFolderOptions {
  readonly directory: string;
  readonly random: Randomness;
  readonly clock: Pick<Clock, 'wallNow'>;
  readonly space?: DiskSpace;
}

/** The directory for files from peers. */
export class ReceivedFolder {
  readonly directory: string;
  readonly #random: Randomness;
  readonly #clock: Pick<Clock, 'wallNow'>;
  readonly #space: DiskSpace;

  constructor({ directory, random, clock, space = new DiskSpace() }: ReceivedFolderOptions) {
    this.directory = directory;
    this.#random = random;
    this.#clock = clock;
    this.#space = space;
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
    const { madeParts, directory } = await this.placeFor(name);
    const [random, space] = [this.#random, this.#space];
    return beginFile({ directory, madeParts, name: plainName(name), sizeBytes, random, space });
  }

  /**
   * Where a file or directory from a peer goes.
   * @throws AiocError AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE
   */
  async placeFor(name: string): Promise<TargetPlace> {
    const plain = plainName(checkFileName(name));
    try {
      const directory = await HeldDirectory.open(await realpath(this.directory));
      return { directory, madeParts: 0, name: plain, taken: 'number' };
    } catch (error) {
      throw writeError(plain, error);
    }
  }

  /**
   * The sorted names of the files and directories in the folder; at most LIMITS.receivedFilesListed.
   * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE
   */
  async list(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const entry of await opendir(this.directory)) {
        if ((!entry.isFile() && !entry.isDirectory()) || entry.name.startsWith(PARTIAL_PREFIX)) continue;
        names.push(entry.name);
        if (names.length >= LIMITS.receivedFilesListed) break;
      }
    } catch (error) {
      throw readError(this.directory, error);
    }
    return names.sort();
  }
}
