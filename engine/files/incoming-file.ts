import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import type { Randomness } from '../base/ports.ts';
import { shownPath, writeError } from './disk-errors.ts';
import type { DiskSpace, SpaceReservation } from './disk-space.ts';
import { type PlacedFile, placeFile, type WhenTaken } from './free-name.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { PacedFile } from './paced-file.ts';
import { removeMade } from './partial-target.ts';
import { PLAIN_FILE } from './received-mode.ts';
import { PARTIAL_PREFIX } from './safe-name.ts';

export interface FinishedFile extends PlacedFile {
  /** Of the written bytes, lower-case hex. */
  readonly sha256: string;
}

export interface IncomingFileOptions {
  /** Closed in any case. */
  readonly directory: HeldDirectory;
  /** How many of the last parts of the directory were created for it. */
  readonly madeParts: number;
  /** Plain (engine/files/safe-name.ts). */
  readonly name: string;
  readonly sizeBytes: number;
  readonly space: DiskSpace;
  readonly random: Randomness;
  /** Called once, when it has its name or is deleted. */
  onEnd?(): void;
}

/**
 * Starts to receive a file of exactly `sizeBytes` bytes.
 * @throws AiocError AIOC_FILE_WRITE, also if the disk would get too full
 */
export async function beginFile(options: IncomingFileOptions): Promise<IncomingFile> {
  const { directory, name, sizeBytes, space, random, madeParts } = options;
  let reservation: SpaceReservation | undefined;
  try {
    reservation = await space.reserve(directory, sizeBytes);
    const partial = PARTIAL_PREFIX + random.bytes(12).toString('hex');
    const file = await space.paces.open(directory.at(partial), NEW_FILE, 0o600);
    return new IncomingFile({ ...options, file, partial, reservation });
  } catch (error) {
    reservation?.release();
    options.onEnd?.();
    await directory.close();
    await removeMade(directory.path, madeParts);
    throw writeError(name, error);
  }
}

interface OpenFile extends IncomingFileOptions {
  /** Open, new and empty. */
  readonly file: PacedFile;
  readonly partial: string;
  readonly reservation: SpaceReservation;
}

/**
 * A file that is being received: hidden until it is complete and synced. After a failure it is deleted, and every
 * further call fails with the same error.
 */
export class IncomingFile {
  readonly #options: OpenFile;
  readonly #hash: Hash = createHash('sha256');
  #receivedBytes = 0;
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #failure: AiocError | undefined;
  #busy: Promise<unknown> | undefined;

  constructor(options: OpenFile) {
    this.#options = options;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Appends a chunk. Resolves when the system has accepted it; wait for that before the next call, so that a slow disk
   * slows the sender.
   * @throws AiocError AIOC_FILE_WRITE
   */
  write(chunk: Buffer): Promise<void> {
    return this.#alone(async () => {
      if (this.#receivedBytes + chunk.length > this.#options.sizeBytes)
        throw this.#wrongSize('more bytes arrived than were announced');
      await this.#options.reservation.use(chunk.length);
      this.#hash.update(chunk);
      await this.#options.file.write(chunk, this.#receivedBytes);
      this.#receivedBytes += chunk.length;
    });
  }

  /**
   * Checks that the file is complete, syncs it and gives it its name; by default `name (2)` if the name is taken.
   * @throws AiocError AIOC_FILE_WRITE
   */
  finish(taken: WhenTaken = 'number'): Promise<FinishedFile> {
    return this.#alone(async () => {
      const { file, partial, directory, name, sizeBytes } = this.#options;
      if (this.#receivedBytes !== sizeBytes)
        throw this.#wrongSize(`${this.#receivedBytes} of ${sizeBytes} bytes arrived`);
      await file.handle.chmod(PLAIN_FILE);
      await file.sync();
      const from = join(directory.base, partial);
      const placed = await placeFile({ from, directory: directory.base, name, taken, shown: name });
      this.#state = 'finished';
      this.#options.onEnd?.();
      await file.close();
      await directory.sync();
      await directory.close();
      return { name: placed.name, path: join(directory.path, placed.name), sha256: this.#hash.digest('hex') };
    });
  }

  /** Deletes the incomplete file. Does nothing after `finish`; never fails. */
  async abort(): Promise<void> {
    // A write to the file may still be pending.
    await this.#busy?.catch(() => undefined);
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    const { file, directory, partial, reservation, madeParts } = this.#options;
    reservation.release();
    this.#options.onEnd?.();
    await file.close().catch(() => undefined);
    await directory.remove(partial).catch(() => undefined);
    await directory.close().catch(() => undefined);
    await removeMade(directory.path, madeParts);
  }

  async #alone<T>(action: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== 'open')
      throw new AiocError('AIOC_CANCELLED', 'The file is no longer being received.');
    if (this.#busy !== undefined)
      throw new AiocError('AIOC_INTERNAL', 'A file was written to before the previous write had finished.');
    const running = action();
    this.#busy = running;
    try {
      return await running;
    } catch (error) {
      this.#failure = writeError(this.#options.name, error);
      this.#busy = undefined;
      await this.abort();
      throw this.#failure;
    } finally {
      this.#busy = undefined;
    }
  }

  #wrongSize(what: string): AiocError {
    const path = shownPath(this.#options.name);
    return new AiocError('AIOC_FILE_WRITE', `${path} was not stored: ${what}. Ask for it to be sent again.`);
  }
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
