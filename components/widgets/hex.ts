import { trusted } from '../terminal/sanitize.ts';
import { type Line, plain, span } from './line.ts';

const OFFSET_DIGITS = 6;
/** Cells of a row beside those for each byte. */
const FRAME_CELLS = OFFSET_DIGITS + 4;
/** Two digits, a blank and a character. */
const CELLS_PER_BYTE = 4;
const ROW_SIZES = [16, 8, 4] as const;

/** Bytes with their offsets, and as characters where they are printable ASCII: as many a row as the width has room for. */
export function hexLines(bytes: Uint8Array, width: number): readonly Line[] {
  const perRow = ROW_SIZES.find((size) => FRAME_CELLS + size * CELLS_PER_BYTE <= width) ?? 4;
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; at += perRow) {
    const row = [...bytes.subarray(at, at + perRow)];
    const digits = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    lines.push([
      plain(`${at.toString(16).padStart(OFFSET_DIGITS, '0')}  `, 'faint'),
      plain(digits.padEnd(perRow * 3 + 1)),
      span(trusted(row.map(characterOf).join('')), 'info'),
    ]);
  }
  return lines;
}

function characterOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}
