import { LIMITS } from '../base/limits.ts';
import { RECORD_HEAD_BYTES } from '../protocol/record-batch.ts';

/**
 * Whether only the beginnings of a batch's messages are kept: the data up to LIMITS.logBodyBytes, and no binary. A batch
 * of smaller messages is kept whole, which takes one copy.
 */
export function mustBeCut(records: Buffer, count: number): boolean {
  return records.length > count * LIMITS.logBodyBytes;
}

/** What is kept of a batch that must be cut. */
export function cutRecords(records: Buffer, count: number): Buffer {
  if (count === 1) {
    const dataAt = RECORD_HEAD_BYTES + records.readUInt16LE(8);
    const dataBytes = records.length - dataAt - records.readUInt32LE(10);
    return records.subarray(0, endOfCut({ dataAt, dataBytes }));
  }
  const cursor = new KeptRecordCursor();
  cursor.start(records, { from: 0, end: records.length, isCut: false });
  const pieces: Buffer[] = [];
  while (cursor.next()) pieces.push(records.subarray(cursor.at, endOfCut(cursor)));
  return Buffer.concat(pieces);
}

function endOfCut({ dataAt, dataBytes }: Pick<KeptRecordCursor, 'dataAt' | 'dataBytes'>): number {
  return dataAt + Math.min(dataBytes, LIMITS.logBodyBytes);
}

/** Where the records of a batch are, and whether they are those of `cutRecords`. */
export interface RecordsPlace {
  readonly from: number;
  readonly end: number;
  readonly isCut: boolean;
}

/** Walks through the records of a checked batch, whole or cut, without making an object for each. */
export class KeptRecordCursor {
  bytes: Buffer = EMPTY;
  /** Where the current record is, and its parts. */
  at = 0;
  headerAt = 0;
  headerBytes = 0;
  dataAt = 0;
  /** The length that the data had before it was cut. */
  dataBytes = 0;
  binaryBytes = 0;
  #isCut = false;
  #nextAt = 0;
  #end = 0;

  start(bytes: Buffer, { from, end, isCut }: RecordsPlace): void {
    this.bytes = bytes;
    this.#isCut = isCut;
    this.#nextAt = from;
    this.#end = end;
  }

  /** Goes to the next record; false at the end. */
  next(): boolean {
    const { bytes } = this;
    const at = this.#nextAt;
    if (at >= this.#end) return false;
    const lengthBytes = bytes.readUInt32LE(at);
    const headerBytes = bytes.readUInt16LE(at + 8);
    this.at = at;
    this.binaryBytes = bytes.readUInt32LE(at + 10);
    this.dataAt = at + RECORD_HEAD_BYTES + headerBytes;
    this.dataBytes = at + 4 + lengthBytes - this.binaryBytes - this.dataAt;
    // Without a header of its own, a record has the one before.
    if (headerBytes > 0) {
      this.headerAt = at + RECORD_HEAD_BYTES;
      this.headerBytes = headerBytes;
    }
    this.#nextAt = this.#isCut ? endOfCut(this) : at + 4 + lengthBytes;
    return true;
  }

  /** The current header, without what its batch says. */
  header(): Buffer {
    return this.bytes.subarray(this.headerAt, this.headerAt + this.headerBytes);
  }
}

const EMPTY = Buffer.alloc(0);
