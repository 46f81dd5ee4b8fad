import { crc32 as nativeCrc32 } from 'node:zlib';

/** From this length on the call into Node's own costs less than the tables here. */
const NATIVE_FROM_BYTES = 256;
/** The reflected polynomial of CRC-32, as in zip archives. */
const POLYNOMIAL = 0xedb88320;
/** Bytes of a step. */
const STEP_BYTES = 16;
/** One table for each byte of a step, one behind another: the entry of byte `b` in table `t` is at `t * 256 + b`. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP_BYTES * 256);
  for (let index = 0; index < 256; index += 1) {
    let crc = index;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[index] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

/**
 * The CRC-32 of `bytes` from `start` to `end`.
 *
 * @param before the CRC of the bytes in front of them
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  if (end - start >= NATIVE_FROM_BYTES) return nativeCrc32(bytes.subarray(start, end), before);
  let crc = ~before;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc = ofWord(crc ^ wordAt(bytes, at), 4) ^ ofWord(wordAt(bytes, at + 4), 0);
  }
  return ~oneByOne(bytes, at, end, crc) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/**
 * The same for many short parts of one buffer.
 *
 * @param view of all of it: `viewOf(bytes)`
 */
export function crc32Of(bytes: Buffer, view: DataView, start: number, end: number): number {
  if (end - start >= NATIVE_FROM_BYTES) return nativeCrc32(bytes.subarray(start, end));
  let crc = -1;
  let at = start;
  for (; at + STEP_BYTES <= end; at += STEP_BYTES) {
    const one = crc ^ view.getInt32(at, true);
    const two = view.getInt32(at + 4, true);
    const three = view.getInt32(at + 8, true);
    const four = view.getInt32(at + 12, true);
    crc = ofWord(one, 12) ^ ofWord(two, 8) ^ ofWord(three, 4) ^ ofWord(four, 0);
  }
  return ~oneByOne(bytes, at, end, crc) >>> 0;
}

export function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** @param table of the last of the four bytes */
function ofWord(word: number, table: number): number {
  return (
    entry(table + 3, word & 0xff) ^
    entry(table + 2, (word >>> 8) & 0xff) ^
    entry(table + 1, (word >>> 16) & 0xff) ^
    entry(table, word >>> 24)
  );
}

function oneByOne(bytes: Uint8Array, start: number, end: number, before: number): number {
  let crc = before;
  for (let at = start; at < end; at += 1) crc = (crc >>> 8) ^ entry(0, (crc ^ (bytes[at] as number)) & 0xff);
  return crc;
}

function entry(table: number, index: number): number {
  return TABLES[table * 256 + index] as number;
}
