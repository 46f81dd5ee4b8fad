/** The bytes that turn one row of the screen into another. */
import type { ScreenRow } from './screen-row.ts';

/** Moving the cursor costs about as many bytes as this many unchanged columns. */
const GAP_COLUMNS = 5;

/**
 * Appends to `out` the bytes that paint `next` over `previous`: little more than the cells that differ. Both must have
 * the same length. Expects the default style and leaves it.
 */
export function diffRow(out: string[], change: { row: number; previous: ScreenRow; next: ScreenRow }): void {
  const { previous, next } = change;
  const columns = next.texts.length;
  const pen = new Pen(out, next, change.row);
  const blankFrom = trailingBlankFrom(next);
  let column = 0;
  while (column < columns) {
    if (same(previous, next, column)) {
      column += 1;
      continue;
    }
    // The head of a wide character is painted with its second half.
    while (column > 0 && next.texts[column] === '') column -= 1;
    column = paintSpan(pen, { previous, next, from: column, blankFrom });
  }
  pen.rest();
}

/** Paints from a changed column until a gap is worth a jump; returns the first column after it. */
function paintSpan(
  pen: Pen,
  span: { previous: ScreenRow; next: ScreenRow; from: number; blankFrom: number },
): number {
  const { previous, next, from, blankFrom } = span;
  const columns = next.texts.length;
  let end = from;
  let unchanged = 0;
  let toTheEnd = false;
  for (let column = from; column < columns && (toTheEnd || unchanged <= GAP_COLUMNS); column += 1) {
    if (same(previous, next, column)) unchanged += 1;
    else {
      unchanged = 0;
      end = column + 1;
      // A terminal that draws the cluster wider than we do covers the cells at its right.
      if (isCluster(next.texts[column] ?? '')) toTheEnd = true;
    }
  }
  if (toTheEnd) end = columns;
  while (end < columns && next.texts[end] === '') end += 1;
  // Erasing is three bytes, however wide the rest is.
  if (end > blankFrom + 3) {
    pen.paint(from, Math.max(from, blankFrom));
    pen.eraseFrom(Math.max(from, blankFrom));
    return columns;
  }
  pen.paint(from, end);
  return end;
}

function same(previous: ScreenRow, next: ScreenRow, column: number): boolean {
  return previous.texts[column] === next.texts[column] && previous.styles[column] === next.styles[column];
}

/** The first column of the unstyled spaces at the end of a row. */
function trailingBlankFrom(row: ScreenRow): number {
  let from = row.texts.length;
  while (from > 0 && row.texts[from - 1] === ' ' && row.styles[from - 1] === '') from -= 1;
  return from;
}

/** Several code points in one cell: not every terminal joins them. */
function isCluster(text: string): boolean {
  return text.length > 1 && text.length > String.fromCodePoint(text.codePointAt(0) ?? 0).length;
}

/** Whether terminals disagree about the width: emoji and clusters. East Asian wide characters are undisputed. */
function isDisputed(text: string, width: number): boolean {
  if (text.length > 1) return true;
  return width === 2 && text < '\u2e80';
}

class Pen {
  readonly #out: string[];
  readonly #row: ScreenRow;
  readonly #rowNumber: number;
  #isOnRow = false;
  #style = '';

  constructor(out: string[], row: ScreenRow, rowNumber: number) {
    this.#out = out;
    this.#row = row;
    this.#rowNumber = rowNumber;
  }

  paint(from: number, end: number): void {
    if (from >= end) return;
    this.#move(from);
    const { texts, styles } = this.#row;
    for (let column = from; column < end; ) {
      const text = texts[column] ?? '';
      this.#wear(styles[column] ?? '');
      let width = 1;
      while (texts[column + width] === '') width += 1;
      if (isDisputed(text, width)) {
        // Blank its columns first and position the next cell: then its drawn width does not matter.
        this.#out.push(`\x1b[${width}X${text}`);
        if (column + width < texts.length) this.#move(column + width);
      } else this.#out.push(text);
      column += width;
    }
  }

  eraseFrom(column: number): void {
    this.#wear('');
    this.#move(column);
    this.#out.push('\x1b[K');
  }

  rest(): void {
    this.#wear('');
  }

  #move(column: number): void {
    // An omitted number is 1.
    const row = this.#rowNumber === 0 ? '' : String(this.#rowNumber + 1);
    this.#out.push(this.#isOnRow ? `\x1b[${column + 1}G` : `\x1b[${row};${column + 1}H`);
    this.#isOnRow = true;
  }

  #wear(style: string): void {
    if (style === this.#style) return;
    if (style === '') this.#out.push('\x1b[m');
    else this.#out.push(this.#style === '' ? `\x1b[${style}m` : `\x1b[0;${style}m`);
    this.#style = style;
  }
}
