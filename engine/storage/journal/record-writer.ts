import {
  emptyRecordView,
  FLAG_SOURCE,
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

export interface DataFields {
  readonly stream: number;
  readonly position: number;
  readonly atMs: number;
  /** 0: no source. */
  readonly source: number;
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
  readonly epoch: string;
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

/** Encodes records into one buffer, as they will be in the segment. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafeSlow(BUFFER_FIRST_BYTES);
  #length = 0;
  /** Number of messages encoded since `begin`. */
  #messages = 0;
  #place: WritePlace = { salt: 0, offset: 0, syncedTo: 0 };
  readonly #record = emptyRecordView();

  /** Starts a new write; overwrites what `bytes` returned before. */
  begin(place: WritePlace): void {
    this.#place = place;
    this.#length = 0;
    this.#messages = 0;
    if (this.#buffer.length > BUFFER_KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_FIRST_BYTES);
  }

  /**
   * All records since `begin`; valid until the next `begin`. Each record says how many messages follow it, so that a
   * reader of a damaged write can say how many are missing.
   */
  get bytes(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length);
    const { salt, offset } = this.#place;
    let following = this.#messages;
    for (let at = 0; at < bytes.length; ) {
      if (bytes[at + 2] === KIND.data) following -= 1;
      const end = at + RECORD_HEADER_BYTES + bytes.readUInt32LE(at + 4);
      sealRecord(bytes, at, salt ^ (offset + at), { following, isLast: end === bytes.length });
      at = end;
    }
    return bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** The offset of the next record in the segment. */
  get offset(): number {
    return this.#place.offset + this.#length;
  }

  data(fields: DataFields, payload: Buffer): void {
    const prefix = fields.source === 0 ? 0 : SOURCE_BYTES;
    const body = this.#reserve(prefix + payload.length);
    if (prefix > 0) {
      writeU32(this.#buffer, body, fields.source);
      writeU48(this.#buffer, body + 4, fields.seq);
    }
    this.#buffer.set(payload, body + prefix);
    const record = this.#record;
    record.kind = KIND.data;
    record.flags = prefix > 0 ? FLAG_SOURCE : 0;
    record.stream = fields.stream;
    record.position = fields.position;
    record.atMs = fields.atMs;
    this.#messages += 1;
    this.#end(prefix + payload.length);
  }

  stream({ number, name, acked, lastPosition }: StreamFacts): void {
    const body = this.#reserve(12 + Buffer.byteLength(name));
    writeU48(this.#buffer, body, acked);
    writeU48(this.#buffer, body + 6, lastPosition);
    const bytes = 12 + this.#buffer.write(name, body + 12);
    this.#other(KIND.stream, number, lastPosition, bytes);
  }

  source({ number, stream, seq, epoch }: SourceFacts): void {
    const body = this.#reserve(10 + Buffer.byteLength(epoch));
    writeU32(this.#buffer, body, number);
    writeU48(this.#buffer, body + 4, seq);
    const bytes = 10 + this.#buffer.write(epoch, body + 10);
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

  #end(bodyBytes: number): void {
    const record = this.#record;
    record.offset = this.offset;
    record.bodyBytes = bodyBytes;
    record.syncedTo = this.#place.syncedTo;
    writeRecord(this.#buffer, this.#length, this.#place.salt, record);
    this.#length += RECORD_HEADER_BYTES + bodyBytes;
  }
}
