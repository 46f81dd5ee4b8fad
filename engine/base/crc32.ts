import { crc32 as nativeCrc32 } from 'node:zlib';

/** From this length on the call into Node's own costs less than the tables here. */
const NATIVE_FROM_BYTES = 256;
/** The reflected polynomial of CRC-32, as in zip archives. */
const POLYNOMIAL = 0xedb88320;
/** One table for each of the eight bytes of a step, one behind another: the entry of byte `b` in table `t` is at `t * 256 + b`. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
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
export function crc32(bytes: Buffer, start = 0, end = bytes.length, before = 0): number {
  if (end - start >= NATIVE_FROM_BYTES) return nativeCrc32(bytes.subarray(start, end), before);
  let crc = ~before;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^=
      byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24);
    crc =
      entry(7, crc & 0xff) ^
      entry(6, (crc >>> 8) & 0xff) ^
      entry(5, (crc >>> 16) & 0xff) ^
      entry(4, crc >>> 24) ^
      entry(3, byte(bytes, at + 4)) ^
      entry(2, byte(bytes, at + 5)) ^
      entry(1, byte(bytes, at + 6)) ^
      entry(0, byte(bytes, at + 7));
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ entry(0, (crc ^ byte(bytes, at)) & 0xff);
  return ~crc >>> 0;
}

function byte(bytes: Buffer, at: number): number {
  return bytes[at] as number;
}

function entry(table: number, index: number): number {
  return TABLES[table * 256 + index] as number;
}
