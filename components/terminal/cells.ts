/** Lines of panes as cells of the screen, without the detour over escape sequences. */
import type { Appearance } from '../host.ts';
import { MONO_PALETTE, TERMINAL_PALETTE, type TonePalette } from '../themes/tokens.ts';
import { inAscii, type Line } from '../widgets/line.ts';
import type { ScreenRow } from './screen-row.ts';
import { isSimple } from './simple-text.ts';
import { graphemes, textWidth } from './width.ts';

/** A row that is being composed. */
export interface MutableRow {
  readonly texts: string[];
  readonly styles: string[];
}

export function paletteOf({ palette, colour }: Appearance): TonePalette {
  return palette ?? (colour ? TERMINAL_PALETTE : MONO_PALETTE);
}

/** The cells of a line, as many as it is wide. */
export function cellsOf(line: Line, appearance: Appearance): ScreenRow {
  const cells: MutableRow = { texts: [], styles: [] };
  const { tones } = paletteOf(appearance);
  for (const { text, tone } of line) {
    append(cells, appearance.unicode ? text : inAscii(text), tones[tone]);
  }
  return cells;
}

function append({ texts, styles }: MutableRow, text: string, style: string): void {
  if (isSimple(text)) {
    for (let index = 0; index < text.length; index += 1) {
      texts.push(text.charAt(index));
      styles.push(style);
    }
    return;
  }
  for (const grapheme of graphemes(text)) {
    const width = Math.max(1, textWidth(grapheme));
    texts.push(grapheme);
    styles.push(style);
    for (let extra = 1; extra < width; extra += 1) {
      texts.push('');
      styles.push(style);
    }
  }
}

/** Puts cells into a row; what does not fit is left out. Halves of wide characters at the edges become blanks. */
export function putCells(row: MutableRow, column: number, cells: ScreenRow): void {
  const end = Math.min(row.texts.length, column + cells.texts.length);
  // A wide character that the first cell cuts through.
  if (row.texts[column] === '' && column > 0) row.texts[column - 1] = ' ';
  for (let at = column; at < end; at += 1) {
    row.texts[at] = cells.texts[at - column] ?? ' ';
    row.styles[at] = cells.styles[at - column] ?? '';
  }
  if (end < row.texts.length && row.texts[end] === '') row.texts[end] = ' ';
  // A wide character whose second half has no room.
  if (end === row.texts.length && cells.texts[end - column] === '') row.texts[end - 1] = ' ';
}
