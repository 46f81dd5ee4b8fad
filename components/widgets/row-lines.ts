import type { FittedColumn } from './columns.ts';
import type { Line } from './line.ts';

/** The lines of rows. A row that is the same object, drawn in the same manner, has the same line object. */
export class RowLines {
  readonly #lines = new WeakMap<object, { readonly manner: string; readonly line: Line }>();

  /** @param manner all that the line depends on besides the row */
  of(row: object, manner: string, draw: () => Line): Line {
    const known = this.#lines.get(row);
    if (known?.manner === manner) return known.line;
    const line = draw();
    this.#lines.set(row, { manner, line });
    return line;
  }
}

/** Which columns are shown, and how wide, as a part of a manner. */
export function columnsKey<Row>(columns: readonly FittedColumn<Row>[]): string {
  return columns.map(({ column, width }) => `${column.head} ${width}`).join();
}
