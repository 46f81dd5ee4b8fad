/** CRC32C (Castagnoli), eight bytes per step: the checksum of records. */
const POLYNOMIAL = 0x82f63b78;

const [T0, T1, T2, T3, T4, T5, T6, T7] = makeTables() as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let index = 0; index < 256; index += 1) {
    let crc = index;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    (tables[0] as Int32Array)[index] = crc;
  }
  for (let table = 1; table < 8; table += 1) {
    for (let index = 0; index < 256; index += 1) {
      const before = tables[table - 1]?.[index] as number;
      (tables[table] as Int32Array)[index] = (before >>> 8) ^ (tables[0]?.[before & 0xff] as number);
    }
  }
  return tables;
}

/**
 * The CRC32C of `bytes` from `start` to `end`.
 *
 * @param seed the CRC of the preceding bytes, or a number that only the intended reader knows
 */
export function crc32c(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^=
      byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24);
    crc =
      look(T7, crc & 0xff) ^
      look(T6, (crc >>> 8) & 0xff) ^
      look(T5, (crc >>> 16) & 0xff) ^
      look(T4, crc >>> 24) ^
      look(T3, byte(bytes, at + 4)) ^
      look(T2, byte(bytes, at + 5)) ^
      look(T1, byte(bytes, at + 6)) ^
      look(T0, byte(bytes, at + 7));
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ look(T0, (crc ^ byte(bytes, at)) & 0xff);
  return ~crc >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function look(table: Int32Array, index: number): number {
  return table[index] as number;
}
