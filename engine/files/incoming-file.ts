import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, unlink } from 'node:fs/promises';
import { syncDirectory } from '../base/atomic-file.ts';
import { AiocError } from '../base/errors.ts';
import { shownPath, writeError } from './disk-errors.ts';
import { type PlacedFile, placeFile, type WhenTaken } from './free-name.ts';

export interface FinishedFile extends PlacedFile {
  /** Of the bytes that were written, lower-case hex. */
  readonly sha256: string;
}

export interface IncomingFileOptions {
  /** Already open, new and empty. */
  readonly handle: FileHandle;
  readonly partialPath: string;
  readonly directory: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Called once for each number of bytes that will not be written any more or have been. */
  onSettled(bytes: number): void;
}

/**
 * A file that is arriving: hidden until all of its bytes are on the disk. After a failure nothing of it is left, and
 * every further call fails with the same error.
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
   * Appends a chunk and returns when the system has taken it: wait for that before the next one, so that a slow disk
   * slows the sender down.
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
   * Checks that all bytes are there, makes them durable and gives the file its name, or `name (2)` if that is taken
   * and nothing else is said.
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

  /** Removes what has arrived. Does nothing after `finish`; never fails. */
  async abort(): Promise<void> {
    // The system may still be writing into the file.
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
      throw new AiocError('AIOC_INTERNAL', 'A file was written to before the last write was done.');
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
    return new AiocError('AIOC_FILE_WRITE', `${path} was not kept: ${what}. Have it sent again.`);
  }
}
