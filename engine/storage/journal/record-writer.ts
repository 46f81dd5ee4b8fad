import { crc32 } from '../../base/crc32.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Batch } from '../store.ts';
import {
  emptyRecordView,
  FLAG_SOURCE,
  HEAD_LENGTH_BYTES,
  KIND,
  RECORD_HEADER_BYTES,
  SOURCE_BYTES,
  sealRecord,
  writeRecord,
  writeU32,
  writeU48,
} from './format.ts';
import type { HeldRule } from './held.ts';

/** Where the next records will be written. */
export interface WritePlace {
  readonly salt: number;
  readonly offset: number;
  /** How far the segment is synced. */
  readonly syncedTo: number;
}

export interface BatchFields {
  readonly stream: number;
  /** Of the first message. */
  readonly position: number;
  readonly atMs: number;
  /** 0: no source. */
  readonly source: number;
  /** Of the first message. */
  readonly seq: number;
}

/** The state of a stream in a checkpoint. */
export interface StreamFacts {
  readonly number: number;
  readonly name: string;
  readonly acked: number;
  readonly lastPosition: number;
}

export interface SourceFacts {
  readonly number: number;
  readonly stream: number;
  readonly seq: number;
  readonly markName: string;
}

/** Body of a record that holds records back. */
const HELD_BYTES = 24;

export interface SegmentFacts {
  readonly number: number;
  readonly generation: number;
  /** Everything after this offset does not count. */
  readonly end: number;
}

const BUFFER_FIRST_BYTES = 64 * 1024;
/** A buffer that a huge batch enlarged beyond this is released. */
const BUFFER_KEPT_BYTES = 4 * 1024 * 1024;

/** The bytes of a batch's record. */
export function recordBytes({ head, records }: Batch, hasSource: boolean): number {
  const front = RECORD_HEADER_BYTES + HEAD_LENGTH_BYTES + (hasSource ? SOURCE_BYTES : 0);
  return front + head.length + records.length;
}

/** A piece of the write that is not in the buffer. */
interface Apart {
  /** The offset in the buffer before which it comes. */
  readonly at: number;
  readonly bytes: Buffer;
}

/** Encodes records as they will be in the segment: into one buffer, except for large batches, which are not copied. */
export class RecordWriter {
  readonly #copiedBytes: number;
  #buffer = Buffer.allocUnsafeSlow(BUFFER_FIRST_BYTES);
  /** Of the buffer. */
  #length = 0;
  #apart: Apart[] = [];
  #apartBytes = 0;
  /** Number of messages encoded since `begin`. */
  #messages = 0;
  #place: WritePlace = { salt: 0, offset: 0, syncedTo: 0 };
  readonly #record = emptyRecordView();

  /** @param copiedBytes larger batches must not change until they are written */
  constructor({ copiedBytes = LIMITS.journalCopiedBytes }: { readonly copiedBytes?: number } = {}) {
    this.#copiedBytes = copiedBytes;
  }

  /** Starts a new write; overwrites what `pieces` returned before. */
  begin(place: WritePlace): void {
    this.release();
    this.#place = place;
    this.#length = 0;
    this.#apartBytes = 0;
    this.#messages = 0;
  }

  /** The write is done: keeps no batches, and no large buffer. */
  release(): void {
    this.#apart = [];
    if (this.#buffer.length > BUFFER_KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_FIRST_BYTES);
  }

  /**
   * All records since `begin`; valid until the next `begin`. Each record says how many messages follow it, so that a
   * reader of a damaged write can say how many are missing.
   */
  pieces(): readonly Buffer[] {
    this.#seal();
    const pieces: Buffer[] = [];
    let from = 0;
    for (const { at, bytes } of this.#apart) {
      pieces.push(this.#buffer.subarray(from, at), bytes);
      from = at;
    }
    if (from < this.#length) pieces.push(this.#buffer.subarray(from, this.#length));
    return pieces;
  }

  #seal(): void {
    const buffer = this.#buffer;
    const { salt } = this.#place;
    let { offset } = this.#place;
    let following = this.#messages;
    let nextApart = 0;
    for (let at = 0; at < this.#length; ) {
      following -= buffer.readUInt32LE(at + 32);
      const bytes = RECORD_HEADER_BYTES + buffer.readUInt32LE(at + 4);
      const apartAt = this.#apart[nextApart]?.at ?? Number.POSITIVE_INFINITY;
      const isApart = apartAt < at + bytes;
      const end = isApart ? apartAt : at + bytes;
      sealRecord(buffer, at, (salt ^ offset) >>> 0, { following, isLast: end === this.#length });
      if (isApart) nextApart += 1;
      at = end;
      offset += bytes;
    }
  }

  get length(): number {
    return this.#length + this.#apartBytes;
  }

  /** The offset of the next record in the segment. */
  get offset(): number {
    return this.#place.offset + this.length;
  }

  batch({ stream, position, atMs, source, seq }: BatchFields, { count, head, records }: Batch): void {
    const sourceBytes = source === 0 ? 0 : SOURCE_BYTES;
    const frontBytes = sourceBytes + HEAD_LENGTH_BYTES + head.length;
    const isCopied = records.length <= this.#copiedBytes;
    const body = this.#reserve(frontBytes + (isCopied ? records.length : 0));
    const buffer = this.#buffer;
    if (source !== 0) {
      writeU32(buffer, body, source);
      writeU48(buffer, body + 4, seq);
    }
    const headAt = body + sourceBytes + HEAD_LENGTH_BYTES;
    buffer.writeUInt16LE(head.length, headAt - HEAD_LENGTH_BYTES);
    buffer.set(head, headAt);
    if (isCopied) buffer.set(records, body + frontBytes);
    const record = this.#record;
    record.kind = KIND.batch;
    record.flags = source === 0 ? 0 : FLAG_SOURCE;
    record.stream = stream;
    record.position = position;
    record.atMs = atMs;
    record.count = count;
    this.#messages += count;
    this.#end(isCopied ? frontBytes + records.length : frontBytes, isCopied ? undefined : records);
  }

  stream({ number, name, acked, lastPosition }: StreamFacts): void {
    const body = this.#reserve(12 + Buffer.byteLength(name));
    writeU48(this.#buffer, body, acked);
    writeU48(this.#buffer, body + 6, lastPosition);
    const bytes = 12 + this.#buffer.write(name, body + 12);
    this.#other(KIND.stream, number, lastPosition, bytes);
  }

  source({ number, stream, seq, markName }: SourceFacts): void {
    const body = this.#reserve(10 + Buffer.byteLength(markName));
    writeU32(this.#buffer, body, number);
    writeU48(this.#buffer, body + 4, seq);
    const bytes = 10 + this.#buffer.write(markName, body + 10);
    this.#other(KIND.source, stream, 0, bytes);
  }

  held({ stream, heldStream, source, after, toPosition, toSegment }: HeldRule): void {
    const body = this.#reserve(HELD_BYTES);
    writeU32(this.#buffer, body, heldStream);
    writeU32(this.#buffer, body + 4, source);
    writeU48(this.#buffer, body + 8, after);
    writeU48(this.#buffer, body + 14, toPosition);
    writeU32(this.#buffer, body + 20, toSegment);
    this.#other(KIND.held, stream, toPosition, HELD_BYTES);
  }

  ack(stream: number, upTo: number): void {
    this.#reserve(0);
    this.#other(KIND.ack, stream, upTo, 0);
  }

  /** Lists every older segment that counts. Others do not count. */
  segments(list: readonly SegmentFacts[], lastPosition: number): void {
    const body = this.#reserve(12 * list.length);
    for (const [index, { number, generation, end }] of list.entries()) {
      writeU32(this.#buffer, body + 12 * index, number);
      writeU32(this.#buffer, body + 12 * index + 4, generation);
      writeU32(this.#buffer, body + 12 * index + 8, end);
    }
    this.#other(KIND.segments, 0, lastPosition, 12 * list.length);
  }

  /** @param lastPosition the last position used before it */
  mark(lastPosition: number): void {
    this.#reserve(0);
    this.#other(KIND.mark, 0, lastPosition, 0);
  }

  #other(kind: number, stream: number, position: number, bodyBytes: number): void {
    const record = this.#record;
    record.kind = kind;
    record.flags = 0;
    record.stream = stream;
    record.position = position;
    record.atMs = 0;
    record.count = 0;
    this.#end(bodyBytes);
  }

  /** Reserves space for the next record, and returns the offset of its body in the buffer. */
  #reserve(bodyBytes: number): number {
    const needed = this.#length + RECORD_HEADER_BYTES + bodyBytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    return this.#length + RECORD_HEADER_BYTES;
  }

  /** @param bodyBytes of the body, in the buffer; `apart`: the rest of it */
  #end(bodyBytes: number, apart?: Buffer): void {
    const { offset } = this;
    const at = this.#length;
    const body = at + RECORD_HEADER_BYTES;
    const record = this.#record;
    record.bodyBytes = bodyBytes + (apart?.length ?? 0);
    record.syncedTo = this.#place.syncedTo;
    record.bodyCrc = crc32(this.#buffer, body, body + bodyBytes, (this.#place.salt ^ offset) >>> 0);
    if (apart !== undefined) record.bodyCrc = crc32(apart, 0, apart.length, record.bodyCrc);
    writeRecord(this.#buffer, at, record);
    this.#length = body + bodyBytes;
    if (apart === undefined) return;
    this.#apart.push({ at: this.#length, bytes: apart });
    this.#apartBytes += apart.length;
  }
}
