import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/**
 * Gives yauzl the bytes of an archive. The archive itself states all offsets, up to 2^64. An offset outside the file is
 * an error here, since Node would throw an exception that cannot be caught.
 */
export class ArchiveReader extends yauzl.RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;

  constructor(handle: FileHandle, sizeBytes: number) {
    super();
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#fill(buffer.subarray(offset, offset + length), position).then(
      () => callback(null, length),
      (error: Error) => callback(error),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.range(start, end), { objectMode: false });
  }

  /** The bytes from `start` to `end`, in chunks of at most LIMITS.fileChunkBytes. */
  async *range(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(LIMITS.fileChunkBytes, end - at));
      await this.#fill(piece, at);
      at += piece.length;
      yield piece;
    }
  }

  async #fill(target: Buffer, position: number): Promise<void> {
    if (!(position >= 0 && position + target.length <= this.#sizeBytes))
      throw new Error('it is truncated, or has offsets outside of the file');
    for (let filled = 0; filled < target.length; ) {
      const { bytesRead } = await this.#handle.read(
        target,
        filled,
        target.length - filled,
        position + filled,
      );
      if (bytesRead === 0)
        throw new AiocError('AIOC_FILE_CHANGED', 'The archive changed while it was being read. Try again.');
      filled += bytesRead;
    }
  }
}
