import { crc32, crc32Of, viewOf } from '../base/crc32.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { BATCH_KEYS } from './batch-keys.ts';
import { type JsonObject, parseJsonObject } from './header.ts';
import { checkFields } from './header-fields.ts';
import { isPlainHeader } from './plain-header.ts';

/**
 * Consecutive messages of one stream as one run of bytes, checked where it comes in and opaque behind that. Each message,
 * little-endian:
 *
 *     u32 length of the rest | u32 CRC-32 of what follows | u16 length of the header | u32 length of the binary
 *     | header (JSON) | data | binary
 *
 * A header length of 0 says: as the header before. What all messages of a batch share (`message_type`, `source_id`,
 * `destination_id`, the number of the first) is the batch's and stands in no message's header, and neither does
 * `with_binary`. A message with a file is a batch of one.
 */
export interface RecordBatch {
  readonly count: number;
  /** The bytes in order, in as many pieces as they came in. */
  readonly pieces: readonly Buffer[];
  readonly sizeBytes: number;
}

/** One message of a batch, as it is looked at by itself. */
export interface BatchRecord {
  readonly headerBytes: Buffer;
  readonly data: Buffer;
  readonly binary: Buffer;
}

/** Bytes in front of a message's header. */
export const RECORD_HEAD_BYTES = 14;
/** Of those, the ones that the checksum does not cover: length and checksum. */
const UNCHECKED_BYTES = 8;
/** The longest header of a message in a batch: with what the batch says, it fits into the header of a frame. */
export const RECORD_HEADER_MAX_BYTES = LIMITS.headerBytes - LIMITS.headerSpareBytes;

/** Messages of at most so many bytes are copied together; larger ones stay where they are. */
const COPIED_MAX_BYTES = 8 * 1024;
/** The same for messages that must be copied in any case: one buffer costs less than one for each. */
const OWN_COPIED_MAX_BYTES = 64 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** Bytes of one character of a string, at most. */
const UTF8_MOST_BYTES = 3;

/**
 * Connectors add to a message's header what its batch says, and what became of its file.
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE
 */
export function checkOwnHeaderBytes(headerBytes: number): void {
  if (headerBytes <= RECORD_HEADER_MAX_BYTES) return;
  const text = `the header has ${headerBytes} bytes, at most ${RECORD_HEADER_MAX_BYTES} can be forwarded: send long values as data`;
  throw new AiocError('AIOC_FRAME_TOO_LARGE', text);
}

/** What the check of a batch has seen of its messages, so that they need not be looked at again. */
export interface BatchSummary {
  /** Data and binary of the largest message. */
  readonly largestBytes: number;
  /** Whether one of them answers a request, so that it may belong to a waiting one. */
  readonly hasResponse: boolean;
  /** Whether it is a message with a file, which is alone in its batch. */
  readonly hasFile: boolean;
}

/** Gathers messages of one stream into a batch. */
export class RecordBatchBuilder {
  readonly #chunkBytes: number;
  #pieces: Buffer[] = [];
  #chunk = EMPTY;
  #view = viewOf(EMPTY);
  /** Of the chunk: how much of it is in `#pieces`, and how much is written. */
  #from = 0;
  #at = 0;
  #header: Buffer | string = '';
  #count = 0;
  #sizeBytes = 0;

  /** @param chunkBytes what is reserved at once; 0 for a single message, which must not keep more in memory than it has */
  constructor(chunkBytes = CHUNK_BYTES) {
    this.#chunkBytes = chunkBytes;
  }

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The bytes of a large message are not copied: they must not change until the batch is written. */
  add({ headerBytes, data, binary }: BatchRecord): void {
    this.#add(headerBytes, data, binary);
  }

  /**
   * Adds a message of a program, which may change its bytes afterwards.
   *
   * @param header in ASCII
   * @param data text is encoded where it is needed
   */
  addMessage(header: string, data: string | Uint8Array, binary: Uint8Array): void {
    if (typeof data === 'string') {
      const mostBytes = data.length * UTF8_MOST_BYTES;
      if (binary.length === 0 && mostBytes <= COPIED_MAX_BYTES) this.#addText(header, data, mostBytes);
      else this.#add(header, Buffer.from(data), Buffer.from(binary));
    } else if (data.length + binary.length <= OWN_COPIED_MAX_BYTES)
      this.#add(header, data, binary, OWN_COPIED_MAX_BYTES);
    else this.#add(header, Buffer.from(data), Buffer.from(binary));
  }

  #add(
    ownHeader: Buffer | string,
    data: Uint8Array,
    binary: Uint8Array,
    copiedMaxBytes = COPIED_MAX_BYTES,
  ): void {
    const header = this.#headerToWrite(ownHeader);
    const bodyBytes = data.length + binary.length;
    const isCopied = bodyBytes <= copiedMaxBytes;
    const headBytes = RECORD_HEAD_BYTES + header.length;
    const room = headBytes + (isCopied ? bodyBytes : 0);
    this.#reserve(room);
    const chunk = this.#chunk;
    const start = this.#at;
    this.#writeHead(header, bodyBytes, binary.length);
    if (isCopied) {
      chunk.set(data, start + headBytes);
      if (binary.length > 0) chunk.set(binary, start + headBytes + data.length);
    }
    let checksum = crc32Of(chunk, this.#view, start + UNCHECKED_BYTES, start + room);
    this.#at += room;
    if (!isCopied) {
      checksum = crc32(binary, 0, binary.length, crc32(data, 0, data.length, checksum));
      this.#cut();
      this.#pieces.push(data as Buffer);
      if (binary.length > 0) this.#pieces.push(binary as Buffer);
    }
    this.#view.setUint32(start + 4, checksum, true);
    this.#count += 1;
    this.#sizeBytes += headBytes + bodyBytes;
  }

  #addText(ownHeader: string, text: string, mostBytes: number): void {
    const header = this.#headerToWrite(ownHeader);
    const headBytes = RECORD_HEAD_BYTES + header.length;
    this.#reserve(headBytes + mostBytes);
    const start = this.#at;
    const dataBytes = this.#chunk.write(text, start + headBytes);
    this.#writeHead(header, dataBytes, 0);
    const end = start + headBytes + dataBytes;
    const checksum = crc32Of(this.#chunk, this.#view, start + UNCHECKED_BYTES, end);
    this.#view.setUint32(start + 4, checksum, true);
    this.#at = end;
    this.#count += 1;
    this.#sizeBytes += headBytes + dataBytes;
  }

  /** Empty if it is the same as the one before. */
  #headerToWrite(header: Buffer | string): Buffer | string {
    const before = this.#header;
    this.#header = header;
    return this.#count > 0 && areEqual(header, before) ? '' : header;
  }

  /** All but the checksum, behind what is written. */
  #writeHead(header: Buffer | string, bodyBytes: number, binaryBytes: number): void {
    const view = this.#view;
    const start = this.#at;
    view.setUint32(start, RECORD_HEAD_BYTES - 4 + header.length + bodyBytes, true);
    view.setUint16(start + 8, header.length, true);
    view.setUint32(start + 10, binaryBytes, true);
    const headerAt = start + RECORD_HEAD_BYTES;
    if (typeof header !== 'string') this.#chunk.set(header, headerAt);
    else for (let at = 0; at < header.length; at += 1) this.#chunk[headerAt + at] = header.charCodeAt(at);
  }

  /** What was gathered; the builder is empty again. */
  take(): RecordBatch {
    this.#cut();
    const batch = { count: this.#count, pieces: this.#pieces, sizeBytes: this.#sizeBytes };
    this.#pieces = [];
    this.#header = '';
    this.#count = 0;
    this.#sizeBytes = 0;
    return batch;
  }

  /** As `take`, in one piece. */
  takeWhole(): { readonly count: number; readonly records: Buffer } {
    const { count, pieces } = this.take();
    return { count, records: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces) };
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#chunk.length) return;
    this.#cut();
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, bytes));
    this.#view = viewOf(this.#chunk);
    this.#from = 0;
    this.#at = 0;
  }

  #cut(): void {
    if (this.#at > this.#from) this.#pieces.push(this.#chunk.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}

function areEqual(one: Buffer | string, other: Buffer | string): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return one === other || one.equals(other);
}

/** Walks through the messages of a batch that has been checked. */
export function* recordsOf(bytes: Buffer): Generator<BatchRecord> {
  let headerBytes: Buffer = EMPTY;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    const headerLength = bytes.readUInt16LE(at + 8);
    const bodyAt = at + RECORD_HEAD_BYTES + headerLength;
    if (headerLength > 0) headerBytes = bytes.subarray(at + RECORD_HEAD_BYTES, bodyAt);
    const binaryAt = end - bytes.readUInt32LE(at + 10);
    yield { headerBytes, data: bytes.subarray(bodyAt, binaryAt), binary: bytes.subarray(binaryAt, end) };
    at = end;
  }
}

/**
 * Checks a batch as it comes in from a program or a peer, so that nobody behind has to.
 *
 * @param count how many messages it says that it has
 * @param headerMaxBytes the longest header that one of them may have
 * @throws AiocError AIOC_FRAME_BAD naming the message, counted from 1, and what is wrong with it
 */
export function checkBatch(
  bytes: Buffer,
  count: number,
  headerMaxBytes: number = RECORD_HEADER_MAX_BYTES,
): BatchSummary {
  let largestBytes = 0;
  let hasResponse = false;
  let hasFile = false;
  let seen = 0;
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; ) {
    seen += 1;
    const fault = partsFault(bytes, view, at);
    if (fault !== undefined) throw bad(seen, fault);
    const end = at + 4 + view.getUint32(at, true);
    const headerLength = view.getUint16(at + 8, true);
    const bodyAt = at + RECORD_HEAD_BYTES + headerLength;
    if (headerLength > headerMaxBytes)
      throw bad(seen, `has a header of ${headerLength} bytes; at most ${headerMaxBytes} are allowed`);
    if (headerLength > 0 && !isPlainHeader(bytes, at + RECORD_HEAD_BYTES, bodyAt)) {
      const header = checkedHeader(bytes.subarray(at + RECORD_HEAD_BYTES, bodyAt), seen);
      hasFile ||= header['with_file'] !== undefined;
      if (hasFile && count > 1) throw bad(seen, 'has a file and is not alone');
      hasResponse ||= header['response_id'] !== undefined;
    } else if (seen === 1 && headerLength === 0) throw bad(seen, 'has no header before it');
    largestBytes = Math.max(largestBytes, end - bodyAt);
    at = end;
  }
  if (seen !== count || seen === 0)
    throw new AiocError('AIOC_FRAME_BAD', `a batch of ${count} messages has ${seen}`);
  return { largestBytes, hasResponse, hasFile };
}

function bad(index: number, fault: string): AiocError {
  return new AiocError('AIOC_FRAME_BAD', `message ${index} of a batch ${fault}`);
}

function partsFault(bytes: Buffer, view: DataView, at: number): string | undefined {
  if (at + RECORD_HEAD_BYTES > bytes.length) return 'is cut off';
  const end = at + 4 + view.getUint32(at, true);
  if (end > bytes.length) return 'is cut off';
  const headerLength = view.getUint16(at + 8, true);
  if (RECORD_HEAD_BYTES + headerLength + view.getUint32(at + 10, true) > end - at)
    return 'is shorter than its parts';
  const isWhole = crc32Of(bytes, view, at + UNCHECKED_BYTES, end) === view.getUint32(at + 4, true);
  return isWhole ? undefined : 'has another checksum';
}

function checkedHeader(headerBytes: Buffer, index: number): JsonObject {
  // What the batch says is put in front of it where the message leaves the batch.
  if (headerBytes[0] !== OPEN_BRACE) throw bad(index, 'has a header that does not begin with a brace');
  let header: JsonObject;
  try {
    header = parseJsonObject(headerBytes);
    checkFields(header);
  } catch (error) {
    if (error instanceof AiocError) throw bad(index, `is not readable: ${error.message}`);
    throw error;
  }
  const key = BATCH_KEYS.find((one) => header[one] !== undefined);
  if (key !== undefined) throw bad(index, `has ${key} in its header, which is the batch's`);
  return header;
}

/** Where the message at `index` of a checked batch begins; the end of the batch for one behind the last. */
export function offsetOf(bytes: Buffer, index: number): number {
  let at = 0;
  for (let passed = 0; passed < index; passed += 1) at += 4 + bytes.readUInt32LE(at);
  return at;
}

/** Data and binary of the largest message of a checked batch. */
export function largestMessageIn(bytes: Buffer): number {
  let largest = 0;
  for (let at = 0; at < bytes.length; ) {
    const restBytes = bytes.readUInt32LE(at);
    largest = Math.max(largest, 4 + restBytes - RECORD_HEAD_BYTES - bytes.readUInt16LE(at + 8));
    at += 4 + restBytes;
  }
  return largest;
}

/** How many messages of a checked batch lie completely within its first `maxBytes` bytes. */
export function messagesWithin(bytes: Buffer, maxBytes: number): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count += 1) {
    at += 4 + bytes.readUInt32LE(at);
    if (at > maxBytes) break;
  }
  return count;
}

/**
 * The messages from `from` on (0: the first) as a batch of its own, as for a redelivery that begins in the middle. Only
 * the first of them is written again where its header was said before.
 */
export function batchFrom(bytes: Buffer, count: number, from: number): RecordBatch {
  let headerBytes: Buffer = EMPTY;
  let at = 0;
  for (let index = 0; index < from; index += 1) {
    const headerLength = bytes.readUInt16LE(at + 8);
    if (headerLength > 0)
      headerBytes = bytes.subarray(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + headerLength);
    at += 4 + bytes.readUInt32LE(at);
  }
  const rest = bytes.subarray(at);
  const pieces = from === 0 ? [rest] : withHeader(rest, headerBytes);
  return { count: count - from, pieces, sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0) };
}

/** Messages that were behind others as a batch of their own. @param headerBytes what the first of them repeats */
export function withHeader(records: Buffer, headerBytes: Buffer): readonly Buffer[] {
  if (records.length === 0 || records.readUInt16LE(8) > 0) return [records];
  const firstEnd = 4 + records.readUInt32LE(0);
  const binaryAt = firstEnd - records.readUInt32LE(10);
  const builder = new RecordBatchBuilder(0);
  builder.add({
    headerBytes,
    data: records.subarray(RECORD_HEAD_BYTES, binaryAt),
    binary: records.subarray(binaryAt, firstEnd),
  });
  return [...builder.take().pieces, records.subarray(firstEnd)];
}

const OPEN_BRACE = 0x7b;
const EMPTY = Buffer.alloc(0);
