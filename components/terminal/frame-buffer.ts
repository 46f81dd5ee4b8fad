/** What the parts of the screen draw, composed to rows of cells. */
import type { Appearance, Region, ScreenFrame, Size } from '../host.ts';
import type { TonePalette } from '../themes/tokens.ts';
import type { Line } from '../widgets/line.ts';
import { cellsOf, type MutableRow, paletteOf, putCells } from './cells.ts';
import type { FrameCounts } from './frame-times.ts';
import { blankRow, type ScreenRow } from './screen-row.ts';

interface ComposedRow {
  /** The lines in it, from left to right, later regions last. */
  readonly parts: readonly LinePart[];
  readonly cells: ScreenRow;
}

interface LinePart {
  readonly column: number;
  readonly line: Line;
}

/**
 * Composes frames. A row whose lines are the same objects as in the frame before is not composed again: it is the same
 * object, too, so that nobody compares its cells.
 */
export class FrameBuffer {
  #appearance: Appearance;
  #cells = new WeakMap<Line, ScreenRow>();
  #rows: ComposedRow[] = [];
  #columns = 0;
  #composed = 0;
  #kept = 0;

  constructor(appearance: Appearance) {
    this.#appearance = appearance;
  }

  /** Draws every row again, in other colours. */
  restyle(palette: TonePalette): void {
    this.#appearance = { ...this.#appearance, palette };
    this.#cells = new WeakMap();
    this.#rows = [];
  }

  get counts(): FrameCounts {
    return { composed: this.#composed, kept: this.#kept };
  }

  /** The rows of the screen, from top to bottom. */
  compose({ regions }: ScreenFrame, { columns, rows }: Size): readonly ScreenRow[] {
    const before = this.#columns === columns ? this.#rows : [];
    this.#columns = columns;
    this.#rows = Array.from({ length: rows }, (_, row) => {
      const parts = regions.flatMap((region) => partIn(region, row));
      const known = before[row];
      if (known !== undefined && isSame(known.parts, parts)) {
        this.#kept += 1;
        return known;
      }
      this.#composed += 1;
      return { parts, cells: this.#compose(parts, columns) };
    });
    return this.#rows.map(({ cells }) => cells);
  }

  #compose(parts: readonly LinePart[], columns: number): ScreenRow {
    const blank = blankRow(columns, paletteOf(this.#appearance).blank);
    const row: MutableRow = { texts: [...blank.texts], styles: [...blank.styles] };
    for (const { column, line } of parts) putCells(row, column, this.#cellsOf(line));
    return row;
  }

  #cellsOf(line: Line): ScreenRow {
    const known = this.#cells.get(line);
    if (known !== undefined) return known;
    const cells = cellsOf(line, this.#appearance);
    this.#cells.set(line, cells);
    return cells;
  }
}

function partIn({ row: top, column, lines }: Region, row: number): readonly LinePart[] {
  const line = lines[row - top];
  return line === undefined ? [] : [{ column, line }];
}

function isSame(one: readonly LinePart[], other: readonly LinePart[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ column, line }, index) => column === other[index]?.column && line === other[index]?.line)
  );
}
