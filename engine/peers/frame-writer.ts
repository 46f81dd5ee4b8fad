import { afterMicrotasks } from '../base/batching.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

import type { Connection } from '../base/ports.ts';
import { encodeFrame, encodeFramePieces, type FrameParts } from '../protocol/frame-encoder.ts';
import type { OutFrame } from '../protocol/messages.ts';

export interface FrameWithChunks {
  /** Header, data and the application's binary; `fileBytes` is the exact number of bytes that `chunks` yields. */
  readonly frame: FrameParts & { readonly fileBytes: number };
  readonly chunks: AsyncIterable<Buffer>;
  readonly onProgress: (sentBytes: number) => void;
}

/**
 * The writing side of a connection. Small frames of one event-loop turn leave in one write. A file is one frame and
 * occupies the connection from its first byte to its last; small frames wait behind it.
 */
export class FrameWriter {
  readonly #connection: Connection;
  readonly #onWritable: () => void;
  #queued: Buffer[] = [];
  #queuedBytes = 0;
  /** Of frames that are queued. */
  #onWritten: (() => void)[] = [];
  #flushPlanned = false;
  #full = false;
  #sendingFile = false;
  #closed = false;
  #wakeFile: (() => void) | undefined;

  constructor(connection: Connection, onWritable: () => void) {
    this.#connection = connection;
    this.#onWritable = onWritable;
  }

  /** Whether more can be sent now without buffering it in memory. */
  get writable(): boolean {
    return !this.#closed && !this.#full && !this.#sendingFile;
  }

  /** Bytes that wait behind a file. Reading should slow down when this grows. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get idle(): boolean {
    return !this.#sendingFile && this.#queuedBytes === 0 && !this.#full;
  }

  send(frame: OutFrame): void {
    if (this.#closed) return;
    // Copying a large batch or a piece of a file would cost more than writing it as a piece of its own.
    if ((frame.binary ?? frame.data).length > LIMITS.copiedFrameBytes)
      for (const piece of encodeFramePieces(frame)) this.#add(piece);
    else this.#add(encodeFrame(frame));
    if (frame.onWritten !== undefined) this.#onWritten.push(frame.onWritten);
    this.#planFlush();
  }

  #add(bytes: Buffer): void {
    this.#queued.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  /**
   * Sends one frame followed by a file.
   *
   * @throws AiocError AIOC_PEER_AWAY if the connection ends first; and every error of `chunks`. The frame is then
   *   incomplete and the connection unusable.
   */
  async sendFile({ frame, chunks, onProgress }: FrameWithChunks): Promise<void> {
    if (this.#sendingFile)
      throw new AiocError('AIOC_INTERNAL', 'two files are being sent at once on one connection');
    const start = encodeFrame(frame);
    this.flush();
    this.#sendingFile = true;
    try {
      await this.#writeAndWait(start);
      let sentBytes = 0;
      for await (const chunk of chunks) {
        await this.#writeAndWait(chunk);
        sentBytes += chunk.length;
        onProgress(sentBytes);
      }
    } finally {
      this.#sendingFile = false;
    }
    this.flush();
    this.#onWritable();
  }

  onDrain(): void {
    this.#full = false;
    const wake = this.#wakeFile;
    this.#wakeFile = undefined;
    if (wake !== undefined) wake();
    else if (this.writable) this.#onWritable();
  }

  /** Writes the queued bytes to the connection now. */
  flush(): void {
    if (this.#closed || this.#sendingFile || this.#queued.length === 0) return;
    const queued = this.#queued;
    this.#queued = [];
    this.#queuedBytes = 0;
    const written = this.#onWritten;
    if (written.length > 0) this.#onWritten = [];
    const onWritten = written.length > 0 ? () => callAll(written) : undefined;
    if (!this.#connection.write(joined(queued), onWritten)) this.#full = true;
  }

  close(): void {
    this.#closed = true;
    this.#queued = [];
    this.#onWritten = [];
    this.#wakeFile?.();
    this.#wakeFile = undefined;
  }

  #planFlush(): void {
    if (this.#queuedBytes >= LIMITS.fileChunkBytes) {
      this.flush();
      return;
    }
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    afterMicrotasks(() => {
      this.#flushPlanned = false;
      this.flush();
    });
  }

  async #writeAndWait(bytes: Buffer): Promise<void> {
    if (!this.#closed && !this.#connection.write(bytes)) {
      this.#full = true;
      await new Promise<void>((resolve) => {
        this.#wakeFile = resolve;
      });
    }
    if (this.#closed)
      throw new AiocError('AIOC_PEER_AWAY', 'the connection was lost while the file was being sent');
  }
}

/** Joins small frames, which is cheaper than many writes; large frames are not copied. */
function joined(frames: readonly Buffer[]): Buffer | readonly Buffer[] {
  const small = frames.every(({ length }) => length <= LIMITS.copiedFrameBytes);
  return small ? Buffer.concat(frames) : frames;
}

function callAll(listeners: readonly (() => void)[]): void {
  for (const listener of listeners) listener();
}
