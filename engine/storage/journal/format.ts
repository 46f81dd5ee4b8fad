import { crc32 } from '../../base/crc32.ts';
import { AiocError } from '../../base/errors.ts';
import { crc32c } from './crc32c.ts';

/**
 * Increased with every change of FORMAT.md. Segments of older formats can be read, and are then rewritten in this one.
 */
export const FORMAT_VERSION = 3;
/** Before it, each message was a record of its own, and the checksums of records were CRC32C. */
const FIRST_FORMAT_WITH_BATCHES = 3;
/** For each encoding of records, the latest first: the oldest format that has it. */
export const FORMATS_BY_ENCODING = [FIRST_FORMAT_WITH_BATCHES, 1] as const;

const MAGIC = Buffer.from('AIOCJRNL');
const ID_BYTES = 16;
/** Size of each of the two identical headers of a segment. */
const SEGMENT_HEADER_BYTES = 48;
/** Offset of the first record of a segment. */
export const SEGMENT_START = 2 * SEGMENT_HEADER_BYTES;
export const RECORD_HEADER_BYTES = 44;
const OLD_RECORD_HEADER_BYTES = 40;
/** The source before the messages of a record: the source's number and the seq of the first message. */
export const SOURCE_BYTES = 10;
/** The length field of the head of a batch. */
export const HEAD_LENGTH_BYTES = 2;
export const MARKER = Buffer.from([0xa1, 0x0c]);

/** `message`: a single one, in formats 1 and 2. */
export const KIND = {
  message: 1,
  stream: 2,
  source: 3,
  ack: 4,
  segments: 5,
  mark: 6,
  held: 7,
  batch: 8,
} as const;
export const FLAG_SOURCE = 1;
/** Another record of the same write follows. */
export const FLAG_MORE = 2;

export interface SegmentHeader {
  readonly format: number;
  readonly id: Buffer;
  readonly number: number;
  /** Increased each time the segment is compacted. */
  readonly generation: number;
  /** The file got its name only after it was completely synced, so it cannot be torn. */
  readonly isWhole: boolean;
}

export function encodeSegmentHeader({ format, id, number, generation, isWhole }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_START);
  for (const at of [0, SEGMENT_HEADER_BYTES]) {
    MAGIC.copy(bytes, at);
    bytes.writeUInt32LE(format, at + 8);
    bytes.writeUInt32LE(number, at + 12);
    bytes.writeUInt32LE(generation, at + 16);
    bytes.writeUInt32LE(isWhole ? 1 : 0, at + 20);
    id.copy(bytes, at + 24, 0, ID_BYTES);
    bytes.writeUInt32LE(crc32c(bytes, at, at + 44), at + 44);
  }
  return bytes;
}

/**
 * Decodes the header of a segment, from the first of its two copies that is valid.
 *
 * @returns undefined if neither is valid; `isDamaged` if one is not
 * @throws AiocError AIOC_JOURNAL if a newer version wrote it
 */
export function decodeSegmentHeader(
  bytes: Buffer,
): (SegmentHeader & { readonly isDamaged: boolean }) | undefined {
  const whole = [0, SEGMENT_HEADER_BYTES].filter((at) => isSegmentHeader(bytes, at));
  const [at] = whole;
  if (at === undefined) return undefined;
  const version = bytes.readUInt32LE(at + 8);
  if (version > FORMAT_VERSION) {
    throw new AiocError(
      'AIOC_JOURNAL',
      `it has format ${version}, but this version of aioc supports formats up to ${FORMAT_VERSION}: use the newer aioc that wrote it`,
    );
  }
  return {
    format: version,
    id: Buffer.from(bytes.subarray(at + 24, at + 24 + ID_BYTES)),
    number: bytes.readUInt32LE(at + 12),
    generation: bytes.readUInt32LE(at + 16),
    isWhole: (bytes.readUInt32LE(at + 20) & 1) === 1,
    isDamaged: whole.length < 2,
  };
}

function isSegmentHeader(bytes: Buffer, at: number): boolean {
  if (bytes.length < at + SEGMENT_HEADER_BYTES || bytes.compare(MAGIC, 0, 8, at, at + 8) !== 0) return false;
  return bytes.readUInt32LE(at + 44) === crc32c(bytes, at, at + 44);
}

/** How the records of a segment are encoded. */
export interface SegmentCodec {
  /**
   * The seed of the checksums of records, combined with the offset of each record. So bytes of a journal inside a
   * message, or at a wrong offset, are never taken for records.
   */
  readonly salt: number;
  /** The length of a record's header. */
  readonly headerBytes: number;
  /** The header has the number of messages. */
  readonly hasCount: boolean;
  /** The checksum of bytes from `start` to `end`, given the one of the bytes before, or a seed: a u32. */
  readonly checksum: (bytes: Buffer, start: number, end: number, seed: number) => number;
}

export function codecOf({ format, id, number, generation }: Omit<SegmentHeader, 'isWhole'>): SegmentCodec {
  const bytes = Buffer.alloc(ID_BYTES + 8);
  id.copy(bytes);
  bytes.writeUInt32LE(number, ID_BYTES);
  bytes.writeUInt32LE(generation, ID_BYTES + 4);
  const salt = crc32c(bytes, 0, bytes.length);
  return format < FIRST_FORMAT_WITH_BATCHES
    ? { salt, headerBytes: OLD_RECORD_HEADER_BYTES, hasCount: false, checksum: crc32c }
    : { salt, headerBytes: RECORD_HEADER_BYTES, hasCount: true, checksum: crc32 };
}

/** A record as read from a segment. The scanner reuses one object. */
export interface RecordView {
  offset: number;
  /** The offset of the record after it. */
  end: number;
  kind: number;
  flags: number;
  bodyBytes: number;
  stream: number;
  /** Number of messages that follow in the same write (format 1: in the same batch, counting messages only). */
  following: number;
  /** Of the first of its messages. */
  position: number;
  atMs: number;
  /** The value of the segment's `synced` when this record was written. */
  syncedTo: number;
  /** Number of its messages; 0 if it is the journal's own. */
  count: number;
  bodyCrc: number;
}

/** The last position that a record uses. */
export function lastPositionIn({ position, count }: Pick<RecordView, 'position' | 'count'>): number {
  return count > 1 ? position + count - 1 : position;
}

export function emptyRecordView(): RecordView {
  return {
    offset: 0,
    end: 0,
    kind: 0,
    flags: 0,
    bodyBytes: 0,
    stream: 0,
    following: 0,
    position: 0,
    atMs: 0,
    syncedTo: 0,
    count: 0,
    bodyCrc: 0,
  };
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value >>> 0);
  const high = Math.floor(value / 2 ** 32);
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
}

/**
 * Writes the header of a record, except for the fields that `sealRecord` adds. Records are written in the latest format
 * only.
 */
export function writeRecord(bytes: Buffer, at: number, record: RecordView): void {
  bytes[at] = MARKER[0] as number;
  bytes[at + 1] = MARKER[1] as number;
  bytes[at + 2] = record.kind;
  bytes[at + 3] = record.flags;
  writeU32(bytes, at + 4, record.bodyBytes);
  writeU32(bytes, at + 8, record.stream);
  writeU48(bytes, at + 16, record.position);
  writeU48(bytes, at + 22, record.atMs);
  writeU32(bytes, at + 28, record.syncedTo);
  writeU32(bytes, at + 32, record.count);
  writeU32(bytes, at + 36, record.bodyCrc);
}

/** Completes the header of the record at `at`, when it is known what follows in the same write. */
export function sealRecord(
  bytes: Buffer,
  at: number,
  seed: number,
  { following, isLast }: { readonly following: number; readonly isLast: boolean },
): void {
  if (!isLast) bytes[at + 3] = (bytes[at + 3] as number) | FLAG_MORE;
  writeU32(bytes, at + 12, following);
  writeU32(bytes, at + 40, crc32(bytes, at, at + 40, seed));
}

/**
 * Reads the header of the record at `at`, whose offset in the segment is `offset`. Returns false if it is not valid.
 */
export function openRecord(
  bytes: Buffer,
  at: number,
  codec: SegmentCodec,
  offset: number,
  into: RecordView,
): boolean {
  if (bytes[at] !== MARKER[0] || bytes[at + 1] !== MARKER[1]) return false;
  const crcAt = at + codec.headerBytes - 4;
  if (bytes.readUInt32LE(crcAt) !== codec.checksum(bytes, at, crcAt, (codec.salt ^ offset) >>> 0))
    return false;
  into.offset = offset;
  into.kind = bytes[at + 2] as number;
  into.flags = bytes[at + 3] as number;
  into.bodyBytes = bytes.readUInt32LE(at + 4);
  into.end = offset + codec.headerBytes + into.bodyBytes;
  into.stream = bytes.readUInt32LE(at + 8);
  into.following = bytes.readUInt32LE(at + 12);
  into.position = bytes.readUIntLE(at + 16, 6);
  into.atMs = bytes.readUIntLE(at + 22, 6);
  into.syncedTo = bytes.readUInt32LE(at + 28);
  if (codec.hasCount) into.count = bytes.readUInt32LE(at + 32);
  else into.count = into.kind === KIND.message ? 1 : 0;
  into.bodyCrc = bytes.readUInt32LE(crcAt - 4);
  return true;
}

export function isBodyWhole(bytes: Buffer, at: number, codec: SegmentCodec, record: RecordView): boolean {
  const body = at + codec.headerBytes;
  const seed = (codec.salt ^ record.offset) >>> 0;
  return record.bodyCrc === codec.checksum(bytes, body, body + record.bodyBytes, seed);
}

/** The parts of a record with messages, as read. */
export interface MessagesBody {
  /** 0: none. */
  readonly source: number;
  /** Of the first message. */
  readonly seq: number;
  readonly headBytes: number;
  readonly recordsBytes: number;
}

/** Reads the fields in front of the messages of a record whose body begins at `bodyAt`. The record has messages. */
export function openMessages(
  { kind, flags, bodyBytes }: RecordView,
  bytes: Buffer,
  bodyAt: number,
): MessagesBody {
  const hasSource = (flags & FLAG_SOURCE) !== 0;
  const at = hasSource ? bodyAt + SOURCE_BYTES : bodyAt;
  const headBytes = kind === KIND.batch ? bytes.readUInt16LE(at) : 0;
  const before = at - bodyAt + (kind === KIND.batch ? HEAD_LENGTH_BYTES + headBytes : 0);
  return {
    source: hasSource ? bytes.readUInt32LE(bodyAt) : 0,
    seq: hasSource ? bytes.readUIntLE(bodyAt + 4, 6) : 0,
    headBytes,
    recordsBytes: bodyBytes - before,
  };
}
