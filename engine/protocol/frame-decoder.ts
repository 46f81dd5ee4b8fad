import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { takePieceBuffer } from '../base/piece-buffers.ts';
import { ByteQueue } from './byte-queue.ts';
import { type Header, type JsonObject, parseReceivedHeader } from './header.ts';
import { AIOC_TYPE } from './names.ts';
import { RECORD_HEAD_BYTES } from './record-batch.ts';
import { transferOf } from './transfer-key.ts';

/** A frame without the bytes of its file. */
export interface Frame {
  readonly header: Header;
  /** The header bytes as received, so that they can be forwarded unchanged. */
  readonly headerBytes: Buffer;
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary: Buffer;
}

export type DecodedEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** A file of `sizeBytes` follows in any number of `file-data` events, and ends with `file-end`. */
  | { readonly kind: 'file-begin'; readonly frame: Frame; readonly sizeBytes: number }
  | { readonly kind: 'file-data'; readonly bytes: Buffer }
  | { readonly kind: 'file-end' }
  /** A frame that is too large to hold in memory; it is skipped, and decoding continues after it. */
  | { readonly kind: 'oversized'; readonly header: Header; readonly sizeBytes: number };

type Step =
  | 'length'
  | 'header-length'
  | 'header'
  | 'data-length'
  | 'data'
  | 'binary-length'
  | 'binary'
  | 'file'
  | 'skip';

/**
 * Decodes a byte stream into frames (PROTOCOL §1). It is pulled: a caller that stops calling `next` pauses the stream;
 * this holds back clients before their admission, and applies back-pressure when the disk is slow. The bytes of a file
 * are passed through and never collected.
 */
export class FrameDecoder {
  readonly #bytes = new ByteQueue();
  #step: Step = 'length';
  /** Bytes of the current frame that are not read yet. */
  #remaining = 0;
  #wanted = 4;
  #headerBytes: Buffer = EMPTY;
  #header: Header | undefined;
  #data: Buffer = EMPTY;
  #fileRemaining = 0;
  #identified = false;
  /** A large part of a frame, as far as it has arrived. */
  #large: Buffer | undefined;
  #largeBytes = 0;
  #frames = 0;
  readonly #messageMaxBytes: number;

  /** @param messageMaxBytes largest message, in bytes of data and binary; a larger one is skipped */
  constructor(messageMaxBytes: number = LIMITS.messageBytes) {
    this.#messageMaxBytes = messageMaxBytes;
  }

  /** The peer is identified: it may send frames of any size. */
  identified(): void {
    this.#identified = true;
  }

  /** Received bytes that are not read yet, apart from those of a large part. */
  get bufferedBytes(): number {
    return this.#bytes.length;
  }

  /** All bytes in memory: the unread ones and those of the frame that is unfinished. */
  get heldBytes(): number {
    return this.#bytes.length + this.#largeBytes + this.#data.length;
  }

  /** What the data and the binary of the unfinished frame will take in memory, as far as it has said. */
  get wholeBytes(): number {
    const isHeld = this.#step === 'data' || this.#step === 'binary';
    return this.#data.length + (isHeld ? this.#wanted : 0);
  }

  /** How many frames have begun. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether a frame has started and not ended: if the stream ends now, it was cut. */
  get insideFrame(): boolean {
    return this.#step !== 'length' || this.#bytes.length > 0;
  }

  push(chunk: Buffer): void {
    this.#bytes.push(chunk);
  }

  /**
   * The next event, or undefined until more bytes are pushed.
   *
   * @throws AiocError AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE; the stream is unusable after that
   */
  next(): DecodedEvent | undefined {
    for (;;) {
      if (this.#step === 'file') return this.#nextOfFile();
      if (this.#step === 'skip') {
        if (!this.#skip()) return undefined;
        continue;
      }
      if (this.#step === 'header') this.#checkBeginning();
      if (!this.#isHere()) return undefined;
      const event = this.#advance();
      if (event !== undefined) return event;
    }
  }

  /** Another protocol's greeting looks like the length of a long frame. The first header byte reveals it early. */
  #checkBeginning(): void {
    const first = this.#bytes.peek();
    if (first !== undefined && this.#wanted > 0 && first !== OPEN_BRACE) {
      throw new AiocError(
        'AIOC_FRAME_BAD',
        'the header is not JSON: the other program does not use this protocol',
      );
    }
  }

  /**
   * Whether the wanted bytes have arrived. Once a sixteenth of a large part has, or 1 MiB, it is collected in one buffer, so
   * that no more than that is in memory twice. The buffer takes memory only as it is filled.
   */
  #isHere(): boolean {
    if (this.#large === undefined) {
      if (this.#bytes.length >= this.#wanted) return true;
      if (this.#wanted < this.#largeFromBytes) return false;
      if (this.#bytes.length < Math.min(this.#wanted / 16, LARGE_BYTES)) return false;
      this.#large = this.#isPiece ? takePieceBuffer(this.#wanted) : Buffer.allocUnsafeSlow(this.#wanted);
    }
    while (this.#largeBytes < this.#wanted) {
      const part = this.#bytes.takeSome(this.#wanted - this.#largeBytes);
      if (part.length === 0) return false;
      this.#largeBytes += part.copy(this.#large, this.#largeBytes);
    }
    return true;
  }

  get #largeFromBytes(): number {
    return this.#isPiece ? LIMITS.transferSmallPieceBytes : LARGE_BYTES;
  }

  /** Of a file, which its receiver gives back (engine/base/piece-buffers.ts). */
  get #isPiece(): boolean {
    const isOwn = this.#header?.message_type === AIOC_TYPE;
    return isOwn && this.#step === 'binary' && this.#wanted <= LIMITS.transferPieceBytes;
  }

  #takeWanted(): Buffer {
    const large = this.#large;
    if (large === undefined) return this.#bytes.take(this.#wanted);
    this.#large = undefined;
    this.#largeBytes = 0;
    return large;
  }

  #advance(): DecodedEvent | undefined {
    const bytes = this.#bytes;
    switch (this.#step) {
      case 'length':
        this.#beginFrame(bytes.takeNumber(4));
        return undefined;
      case 'header-length':
        this.#expect('header', this.#within(bytes.takeNumber(2), 'header'));
        return undefined;
      case 'header':
        this.#headerBytes = bytes.take(this.#wanted);
        this.#header = parseReceivedHeader(this.#headerBytes);
        this.#expect('data-length', this.#within(4, 'length of the data'));
        return undefined;
      case 'data-length':
        return this.#expectHeld('data', this.#within(bytes.takeNumber(4), 'data'));
      case 'data':
        this.#data = this.#takeWanted();
        return this.#afterData();
      case 'binary-length':
        return this.#beginBinary(this.#within(bytes.takeNumber(4), 'binary'));
      default:
        return this.#emit(this.#takeWanted());
    }
  }

  #beginFrame(lengthBytes: number): void {
    if (!this.#identified && lengthBytes > LIMITS.frameBeforeIdentityBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `the first frame has ${lengthBytes} bytes; at most ${LIMITS.frameBeforeIdentityBytes} are allowed before a peer has identified itself`,
      );
    }
    this.#frames += 1;
    this.#remaining = lengthBytes;
    this.#fileRemaining = 0;
    this.#data = EMPTY;
    this.#expect('header-length', this.#within(2, 'length of the header'));
  }

  /** Subtracts `count` bytes from the rest of the frame. */
  #within(count: number, what: string): number {
    if (count > this.#remaining) {
      throw new AiocError('AIOC_FRAME_BAD', `the ${what} extends beyond the end of its frame`);
    }
    this.#remaining -= count;
    return count;
  }

  #expect(step: Step, count: number): void {
    this.#step = step;
    this.#wanted = count;
  }

  /** Like `#expect`, for parts that stay in memory until the frame is complete. */
  #expectHeld(step: Step, count: number): DecodedEvent | undefined {
    const heldBytes = this.#data.length + count;
    if (heldBytes <= this.#maxBytes) {
      this.#expect(step, count);
      return undefined;
    }
    this.#remaining += count + this.#fileRemaining;
    this.#data = EMPTY;
    this.#step = 'skip';
    return { kind: 'oversized', header: this.#header as Header, sizeBytes: heldBytes + this.#fileRemaining };
  }

  /** The records of a batch are checked one by one where it is read; together they may be larger than a message. */
  get #maxBytes(): number {
    // A piece of a file is no message, however small those may be.
    if (this.#header?.message_type === AIOC_TYPE)
      return Math.max(this.#messageMaxBytes, LIMITS.aiocFrameBytes);
    if (this.#header?.['aioc_batch'] === undefined) return this.#messageMaxBytes;
    return Math.max(LIMITS.largeBatchBytes, this.#messageMaxBytes + LIMITS.headerBytes + RECORD_HEAD_BYTES);
  }

  #afterData(): DecodedEvent | undefined {
    if (this.#header?.['with_binary']) {
      this.#expect('binary-length', this.#within(4, 'length of the binary'));
      return undefined;
    }
    return this.#emit(EMPTY);
  }

  #beginBinary(sizeBytes: number): DecodedEvent | undefined {
    const file = fileOf(this.#header as Header);
    const offset = file === undefined ? sizeBytes : ((file['binary_offset'] ?? 0) as number);
    if (offset > sizeBytes) throw new AiocError('AIOC_FRAME_BAD', 'binary_offset is larger than the binary');
    this.#fileRemaining = sizeBytes - offset;
    return this.#expectHeld('binary', offset);
  }

  #emit(binary: Buffer): DecodedEvent {
    const header = this.#header as Header;
    const frame: Frame = { header, headerBytes: this.#headerBytes, data: this.#data, binary };
    this.#data = EMPTY;
    if (fileOf(header) === undefined) {
      this.#step = 'skip';
      return { kind: 'frame', frame };
    }
    this.#step = 'file';
    return { kind: 'file-begin', frame, sizeBytes: this.#fileRemaining };
  }

  #nextOfFile(): DecodedEvent | undefined {
    if (this.#fileRemaining === 0) {
      this.#step = 'skip';
      return { kind: 'file-end' };
    }
    const bytes = this.#bytes.takeSome(this.#fileRemaining);
    if (bytes.length === 0) return undefined;
    this.#fileRemaining -= bytes.length;
    return { kind: 'file-data', bytes };
  }

  /** Skips the rest of the frame; true when the next frame may begin. */
  #skip(): boolean {
    while (this.#remaining > 0) {
      const skipped = this.#bytes.takeSome(this.#remaining).length;
      if (skipped === 0) return false;
      this.#remaining -= skipped;
    }
    this.#expect('length', 4);
    return true;
  }
}

const EMPTY = Buffer.alloc(0);
/** Parts of a frame from this size on are collected as they arrive. */
const LARGE_BYTES = 1024 * 1024;
const OPEN_BRACE = 0x7b;

/** The with_file of a header, if the frame contains the file (PROTOCOL §3), which has not crossed as a transfer. */
function fileOf(header: Header): JsonObject | undefined {
  if (transferOf(header) !== undefined) return undefined;
  const file = header['with_file'] as JsonObject | undefined;
  return file?.['file_error'] ? undefined : file;
}
