import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { ByteQueue } from '../protocol/byte-queue.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type Header, parseHeader } from '../protocol/header.ts';

export type LocalEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** A frame that exceeds the limit and is skipped, with its header if that is readable. */
  | { readonly kind: 'oversized'; readonly sizeBytes: number; readonly header: Header | undefined };

/** The size of a frame besides its message: the header, and the length fields. */
const OVERHEAD_BYTES = LIMITS.headerBytes + 2 + 4 + 4;

/**
 * Reads frames from local sockets (PROTOCOL §4). A frame is always whole in memory. Its binary part belongs to the
 * application even if there is a with_file, whose bytes stay on the disk.
 */
export class LocalFrameReader {
  readonly #bytes = new ByteQueue();
  /** The size of the current frame after its length field; undefined until that has arrived. */
  #frameBytes: number | undefined;
  #skipBytes = 0;
  /** For a frame that exceeds the limit. */
  #headerLength: number | undefined;
  readonly #messageMaxBytes: number;

  /** @param messageMaxBytes maximum size of a message's data plus binary */
  constructor(messageMaxBytes: number = LIMITS.messageBytes) {
    this.#messageMaxBytes = messageMaxBytes;
  }

  get bufferedBytes(): number {
    return this.#bytes.length;
  }

  /** The size of the unfinished frame, if it is known and all of it will be in memory. */
  get wholeBytes(): number {
    const sizeBytes = this.#frameBytes ?? 0;
    return this.#isTooLong(sizeBytes) ? 0 : sizeBytes;
  }

  /** Whether the stream is inside a frame. */
  get insideFrame(): boolean {
    return this.#frameBytes !== undefined || this.#skipBytes > 0 || this.#bytes.length > 0;
  }

  /** Whether `next` would return an event. */
  get ready(): boolean {
    this.#begin();
    return this.#frameBytes !== undefined && this.#enough(this.#frameBytes);
  }

  push(chunk: Buffer): void {
    this.#bytes.push(chunk);
  }

  /**
   * The next frame, or undefined until more bytes are pushed.
   *
   * @throws AiocError AIOC_FRAME_BAD; the stream is unusable afterwards
   */
  next(): LocalEvent | undefined {
    if (!this.ready) return undefined;
    const sizeBytes = this.#frameBytes as number;
    this.#frameBytes = undefined;
    if (this.#isTooLong(sizeBytes)) return this.#passOver(sizeBytes);
    const frame = parseLocalFrame(this.#bytes.take(sizeBytes));
    const heldBytes = frame.data.length + frame.binary.length;
    if (heldBytes <= this.#messageMaxBytes) return { kind: 'frame', frame };
    return { kind: 'oversized', sizeBytes: heldBytes, header: frame.header };
  }

  #isTooLong(sizeBytes: number): boolean {
    return sizeBytes > this.#messageMaxBytes + OVERHEAD_BYTES;
  }

  #passOver(sizeBytes: number): LocalEvent {
    const headerLength = this.#headerLength ?? 0;
    this.#headerLength = undefined;
    this.#skipBytes = sizeBytes - 2 - headerLength;
    let header: Header | undefined;
    try {
      header = localHeader(this.#bytes.take(headerLength));
    } catch {
      // The frame is skipped anyway.
    }
    return { kind: 'oversized', sizeBytes: this.#skipBytes, header };
  }

  /** A frame that exceeds the limit is reported as soon as its header has arrived. */
  #enough(sizeBytes: number): boolean {
    if (!this.#isTooLong(sizeBytes)) return this.#bytes.length >= sizeBytes;
    if (this.#headerLength === undefined && this.#bytes.length >= 2)
      this.#headerLength = this.#bytes.takeNumber(2);
    return this.#headerLength !== undefined && this.#bytes.length >= this.#headerLength;
  }

  #begin(): void {
    while (this.#skipBytes > 0) {
      const skipped = this.#bytes.takeSome(this.#skipBytes).length;
      if (skipped === 0) return;
      this.#skipBytes -= skipped;
    }
    if (this.#frameBytes === undefined && this.#bytes.length >= 4) {
      this.#frameBytes = this.#bytes.takeNumber(4);
    }
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Parses a whole frame without its length prefix.
 *
 * @throws AiocError AIOC_FRAME_BAD
 */
export function parseLocalFrame(bytes: Buffer): Frame {
  const dataLengthAt = within(bytes, 2, 'length of the header') + bytes.readUInt16LE(0);
  const headerBytes = bytes.subarray(2, within(bytes, dataLengthAt, 'header'));
  const header = localHeader(headerBytes);
  const dataAt = within(bytes, dataLengthAt + 4, 'length of the data');
  const dataEnd = within(bytes, dataAt + bytes.readUInt32LE(dataLengthAt), 'data');
  const data = bytes.subarray(dataAt, dataEnd);
  if (!header['with_binary']) return { header, headerBytes, data, binary: EMPTY };
  const binaryAt = within(bytes, dataEnd + 4, 'length of the binary');
  const binaryEnd = within(bytes, binaryAt + bytes.readUInt32LE(dataEnd), 'binary');
  return { header, headerBytes, data, binary: bytes.subarray(binaryAt, binaryEnd) };
}

/** The header at the start of a frame; undefined if it is unreadable. */
export function headerOfBeginning(bytes: Buffer): Header | undefined {
  try {
    const end = within(bytes, 2, 'length of the header') + bytes.readUInt16LE(0);
    return localHeader(bytes.subarray(2, within(bytes, end, 'header')));
  } catch {
    return undefined;
  }
}

/** @throws AiocError AIOC_FRAME_BAD if a part would exceed the frame */
function within(bytes: Buffer, end: number, what: string): number {
  if (end <= bytes.length) return end;
  throw new AiocError('AIOC_FRAME_BAD', `the ${what} reaches beyond the end of its frame`);
}

function localHeader(bytes: Buffer): Header {
  try {
    return parseHeader(bytes);
  } catch (error) {
    const known = errorHeader(bytes);
    if (known === undefined) throw error;
    return known;
  }
}

/** The only header without a message_type: a connector's `{"error": …}` instead of a response (PROTOCOL §4). */
function errorHeader(bytes: Buffer): Header | undefined {
  if (bytes.length > ERROR_HEADER_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    const { error, message_type: type } = value as { error?: unknown; message_type?: unknown };
    return type === undefined && typeof error === 'string' ? { message_type: '', error } : undefined;
  } catch {
    return undefined;
  }
}

const ERROR_HEADER_BYTES = 1024;
