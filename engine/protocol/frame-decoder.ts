import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { ByteQueue } from './byte-queue.ts';
import type { Header, JsonObject } from './header.ts';
import { KnownHeaders } from './known-headers.ts';

/** A frame without the bytes of its file. */
export interface Frame {
  readonly header: Header;
  /** The header exactly as it came, so that it can be forwarded unchanged. */
  readonly headerBytes: Buffer;
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary: Buffer;
}

export type DecodedEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** A file of `sizeBytes` follows, in any number of `file-data`, ended by `file-end`. */
  | { readonly kind: 'file-begin'; readonly frame: Frame; readonly sizeBytes: number }
  | { readonly kind: 'file-data'; readonly bytes: Buffer }
  | { readonly kind: 'file-end' }
  /** A frame that must not be held in memory; it is skipped and the stream goes on behind it. */
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
 * Turns a byte stream into frames (PROTOCOL §1). Pulled, not pushed: whoever stops calling `next` has stopped the
 * stream, which is how a newcomer is kept waiting and a slow disk slows the sender. The bytes of a file pass through
 * and are never collected.
 */
export class FrameDecoder {
  readonly #bytes = new ByteQueue();
  readonly #headers = new KnownHeaders();
  #step: Step = 'length';
  /** What the outer length still covers. */
  #remaining = 0;
  #wanted = 4;
  #headerBytes: Buffer = EMPTY;
  #header: Header | undefined;
  #data: Buffer = EMPTY;
  #fileRemaining = 0;
  #identified = false;
  readonly #messageMaxBytes: number;

  /** @param messageMaxBytes data and binary of a message that is held; a larger one is skipped */
  constructor(messageMaxBytes: number = LIMITS.messageBytes) {
    this.#messageMaxBytes = messageMaxBytes;
  }

  /** From now on the peer may send frames of any size. */
  identified(): void {
    this.#identified = true;
  }

  get bufferedBytes(): number {
    return this.#bytes.length;
  }

  /** Whether a frame has begun and not ended: the end of the stream now would be a cut. */
  get insideFrame(): boolean {
    return this.#step !== 'length' || this.#bytes.length > 0;
  }

  push(chunk: Buffer): void {
    this.#bytes.push(chunk);
  }

  /**
   * The next event, or undefined until more bytes are pushed.
   *
   * @throws AiocError AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE; the stream is of no use after that
   */
  next(): DecodedEvent | undefined {
    for (;;) {
      if (this.#step === 'file') return this.#nextOfFile();
      if (this.#step === 'skip') {
        if (!this.#skip()) return undefined;
        continue;
      }
      if (this.#step === 'header') this.#checkBeginning();
      if (this.#bytes.length < this.#wanted) return undefined;
      const event = this.#advance();
      if (event !== undefined) return event;
    }
  }

  /** Another protocol's greeting reads as the length of a long frame: it is told by its first byte, not by its last. */
  #checkBeginning(): void {
    const first = this.#bytes.peek();
    if (first !== undefined && this.#wanted > 0 && first !== OPEN_BRACE) {
      throw new AiocError('AIOC_FRAME_BAD', 'the header is not JSON: is that another kind of server?');
    }
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
        this.#header = this.#headers.parse(this.#headerBytes);
        this.#expect('data-length', this.#within(4, 'length of the data'));
        return undefined;
      case 'data-length':
        return this.#expectHeld('data', this.#within(bytes.takeNumber(4), 'data'));
      case 'data':
        this.#data = bytes.take(this.#wanted);
        return this.#afterData();
      case 'binary-length':
        return this.#beginBinary(this.#within(bytes.takeNumber(4), 'binary'));
      default:
        return this.#emit(bytes.take(this.#wanted));
    }
  }

  #beginFrame(lengthBytes: number): void {
    if (!this.#identified && lengthBytes > LIMITS.frameBeforeIdentityBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `a first frame of ${lengthBytes} bytes, at most ${LIMITS.frameBeforeIdentityBytes} are read before a peer has said who it is`,
      );
    }
    this.#remaining = lengthBytes;
    this.#fileRemaining = 0;
    this.#data = EMPTY;
    this.#expect('header-length', this.#within(2, 'length of the header'));
  }

  /** Takes `count` bytes off what the frame still covers. */
  #within(count: number, what: string): number {
    if (count > this.#remaining) {
      throw new AiocError('AIOC_FRAME_BAD', `the ${what} reaches beyond the end of its frame`);
    }
    this.#remaining -= count;
    return count;
  }

  #expect(step: Step, count: number): void {
    this.#step = step;
    this.#wanted = count;
  }

  /** Like expect, for parts that are kept in memory until the frame is whole. */
  #expectHeld(step: Step, count: number): DecodedEvent | undefined {
    const heldBytes = this.#data.length + count;
    if (heldBytes <= this.#messageMaxBytes) {
      this.#expect(step, count);
      return undefined;
    }
    this.#remaining += count + this.#fileRemaining;
    this.#step = 'skip';
    return { kind: 'oversized', header: this.#header as Header, sizeBytes: heldBytes + this.#fileRemaining };
  }

  #afterData(): DecodedEvent | undefined {
    if (this.#header?.['with_binary'] !== undefined && isTruthy(this.#header['with_binary'])) {
      this.#expect('binary-length', this.#within(4, 'length of the binary'));
      return undefined;
    }
    return this.#emit(EMPTY);
  }

  #beginBinary(sizeBytes: number): DecodedEvent | undefined {
    const file = fileOf(this.#header as Header);
    const offset = file === undefined ? sizeBytes : binaryOffset(file);
    if (offset > sizeBytes) throw new AiocError('AIOC_FRAME_BAD', 'binary_offset lies behind the binary');
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

  /** Passes over what the outer length still covers; true when the next frame may begin. */
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
const OPEN_BRACE = 0x7b;

/** The with_file of a header whose file's bytes are in the frame (PROTOCOL §3). */
function fileOf(header: Header): JsonObject | undefined {
  const file = header['with_file'];
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return undefined;
  const object = file as JsonObject;
  return isTruthy(object['file_error'] ?? null) ? undefined : object;
}

function binaryOffset(file: JsonObject): number {
  const offset = file['binary_offset'] ?? 0;
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0) {
    throw new AiocError('AIOC_FRAME_BAD', 'binary_offset is not a whole number');
  }
  return offset;
}

/** Truth as Python has it, for keys that Python only tests. */
function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
