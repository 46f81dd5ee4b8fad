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

/** Where the next records will lie. */
export interface WritePlace {
  readonly salt: number;
  readonly offset: number;
  /** How far the segment is known to be safe on the disk. */
  readonly syncedTo: number;
}

export interface DataFields {
  readonly stream: number;
  readonly position: number;
  readonly atMs: number;
  /** 0: it has no source. */
  readonly source: number;
  readonly seq: number;
}

/** What a checkpoint says of a stream. */
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

/** The body of a record that says what is held back. */
const HELD_BYTES = 24;

export interface SegmentFacts {
  readonly number: number;
  readonly generation: number;
  /** Everything in it that counts lies before this offset. */
  readonly end: number;
}

const BUFFER_FIRST_BYTES = 64 * 1024;
/** A buffer that has grown beyond this for one huge batch is not kept. */
const BUFFER_KEPT_BYTES = 4 * 1024 * 1024;

/** Lays records behind each other into one buffer, as they will lie in the segment. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafeSlow(BUFFER_FIRST_BYTES);
  #length = 0;
  /** Of those that were laid down. */
  #messages = 0;
  #place: WritePlace = { salt: 0, offset: 0, syncedTo: 0 };
  readonly #record = emptyRecordView();

  /** Begins anew; what `bytes` gave before is overwritten. */
  begin(place: WritePlace): void {
    this.#place = place;
    this.#length = 0;
    this.#messages = 0;
    if (this.#buffer.length > BUFFER_KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_FIRST_BYTES);
  }

  /**
   * All that was laid down since `begin`; valid until the next one. Each record says how many messages follow it in
   * here, so that whoever finds a part can say how many are missing.
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

  /** The offset in the segment at which the next record will lie. */
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

  held({ stream, home, source, after, toPosition, toSegment }: HeldRule): void {
    const body = this.#reserve(HELD_BYTES);
    writeU32(this.#buffer, body, home);
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

  /** Every older segment that counts; those that are not in the list do not. */
  segments(list: readonly SegmentFacts[], lastPosition: number): void {
    const body = this.#reserve(12 * list.length);
    for (const [index, { number, generation, end }] of list.entries()) {
      writeU32(this.#buffer, body + 12 * index, number);
      writeU32(this.#buffer, body + 12 * index + 4, generation);
      writeU32(this.#buffer, body + 12 * index + 8, end);
    }
    this.#other(KIND.segments, 0, lastPosition, 12 * list.length);
  }

  /** @param lastPosition the last that was given before it */
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

  /** Makes room for a record behind the last one, and says where its body begins in the buffer. */
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
