import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, unlink } from 'node:fs/promises';
import { syncDirectory } from '../base/atomic-file.ts';
import { AiocError } from '../base/errors.ts';
import { shownPath, writeError } from './disk-errors.ts';
import { type PlacedFile, placeFile, type WhenTaken } from './free-name.ts';

export interface FinishedFile extends PlacedFile {
  /** Of the written bytes, lower-case hex. */
  readonly sha256: string;
}

export interface IncomingFileOptions {
  /** Open, new and empty. */
  readonly handle: FileHandle;
  readonly partialPath: string;
  readonly directory: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Called once for each number of bytes that were written or never will be. */
  onSettled(bytes: number): void;
}

/**
 * A file that is being received: hidden until it is complete and synced. After a failure it is deleted, and every
 * further call fails with the same error.
 */
export class IncomingFile {
  readonly #options: IncomingFileOptions;
  readonly #hash: Hash = createHash('sha256');
  #receivedBytes = 0;
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #failure: AiocError | undefined;
  #busy: Promise<unknown> | undefined;

  constructor(options: IncomingFileOptions) {
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
      this.#hash.update(chunk);
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await this.#options.handle.write(chunk, at);
        at += bytesWritten;
      }
      this.#receivedBytes += chunk.length;
      this.#options.onSettled(chunk.length);
    });
  }

  /**
   * Checks that the file is complete, syncs it and gives it its name; by default `name (2)` if the name is taken.
   * @throws AiocError AIOC_FILE_WRITE
   */
  finish(taken: WhenTaken = 'number'): Promise<FinishedFile> {
    return this.#alone(async () => {
      const { handle, partialPath, directory, name, sizeBytes } = this.#options;
      if (this.#receivedBytes !== sizeBytes)
        throw this.#wrongSize(`${this.#receivedBytes} of ${sizeBytes} bytes arrived`);
      await handle.sync();
      const placed = await placeFile({ from: partialPath, directory, name, taken });
      this.#state = 'finished';
      await handle.close();
      await syncDirectory(directory);
      return { ...placed, sha256: this.#hash.digest('hex') };
    });
  }

  /** Deletes the incomplete file. Does nothing after `finish`; never fails. */
  async abort(): Promise<void> {
    // A write to the file may still be pending.
    await this.#busy?.catch(() => undefined);
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#options.onSettled(this.#options.sizeBytes - this.#receivedBytes);
    await this.#options.handle.close().catch(() => undefined);
    await unlink(this.#options.partialPath).catch(() => undefined);
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
      this.#failure = writeError(`${this.#options.directory}/${this.#options.name}`, error);
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
