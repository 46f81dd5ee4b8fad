/** Columns of a table: which fit, how wide they are, and their heads. */
import { trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { cellLeft, cellRight, type Line, plain } from './line.ts';

/** A name gets this much before any column is left out for it. */
const NAME_CELLS = 16;
const GAP_CELLS = 1;

export interface Column<Row> {
  readonly head: string;
  /** Cells, without the gap before it. The head must fit into `min`. */
  readonly min: number;
  readonly max: number;
  /** When there is no room, the column with the highest rank is left out first; rank 0 never is. */
  readonly rank: number;
  /** Names are whole up to 16 cells before anything else is shown, and get free cells first. */
  readonly isName?: boolean;
  readonly align?: 'right';
  /** The order of the list that goes by this column. */
  readonly sort?: string;
  /** The cells that the row's value needs; without it, the column takes free cells up to `max`. */
  readonly needs?: (row: Row) => number;
  /** Exactly `width` cells. */
  readonly cell: (row: Row, width: number) => Line;
}

export interface FittedColumn<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/** The order of a list, for the mark in a head. */
export interface ListOrder {
  readonly sort: string;
  readonly descending: boolean;
}

/** The columns that fit, with their widths. What no column needs, the first name gets. */
export function fitColumns<Row>(
  columns: readonly Column<Row>[],
  width: number,
  rows: readonly Row[],
): readonly FittedColumn<Row>[] {
  const kept = columns.map((column) => {
    const needed = column.needs === undefined ? column.max : widest(rows, column.needs);
    const most = Math.max(column.min, Math.min(column.max, needed));
    const least = column.isName ? Math.min(most, Math.max(column.min, NAME_CELLS)) : column.min;
    return { column, width: least, least, most };
  });
  while (widthOf(kept) > width) {
    const worst = Math.max(...kept.map(({ column }) => column.rank));
    if (worst <= 0) break;
    kept.splice(
      kept.findLastIndex(({ column }) => column.rank === worst),
      1,
    );
  }
  // Not even the last columns fit: their names give way.
  for (const one of kept.filter(({ column }) => column.isName))
    one.width = Math.max(1, one.width - Math.max(0, widthOf(kept) - width));
  const isFirst = (column: Column<Row>): number => (column.isName ? 0 : 1);
  for (const one of kept.toSorted((a, b) => isFirst(a.column) - isFirst(b.column)))
    one.width += Math.max(0, Math.min(one.most - one.width, width - widthOf(kept)));
  // Numbers stand at the right edge.
  const name = kept.find(({ column }) => column.isName);
  if (name !== undefined) name.width += Math.max(0, width - widthOf(kept));
  return kept.map(({ column, width: fitted }) => ({ column, width: fitted }));
}

/** The heads of the columns; the one that the list is sorted by has a mark, if there is room. */
export function headLine<Row>(columns: readonly FittedColumn<Row>[], order?: ListOrder): Line {
  const mark = order?.descending ? GLYPHS.down : GLYPHS.up;
  return columns.flatMap(({ column, width }, index): Line => {
    const marked = column.head + mark;
    const isSorted = order !== undefined && column.sort === order.sort && textWidth(marked) <= width;
    const head = trusted(isSorted ? marked : column.head);
    const cell = column.align === 'right' ? cellRight(head, width, 'faint') : cellLeft(head, width, 'faint');
    return index === 0 ? [cell] : [plain(' '.repeat(GAP_CELLS)), cell];
  });
}

export function rowLine<Row>(columns: readonly FittedColumn<Row>[], row: Row): Line {
  return columns.flatMap(({ column, width }, index) =>
    index === 0 ? column.cell(row, width) : [plain(' '.repeat(GAP_CELLS)), ...column.cell(row, width)],
  );
}

function widest<Row>(rows: readonly Row[], needs: (row: Row) => number): number {
  return rows.reduce((most, row) => Math.max(most, needs(row)), 0);
}

function widthOf(columns: readonly { readonly width: number }[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP_CELLS * Math.max(0, columns.length - 1));
}
