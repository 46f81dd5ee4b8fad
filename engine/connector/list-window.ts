import { LIMITS } from '../base/limits.ts';
import { sortedPart } from '../base/sorted-part.ts';
import type { ListUpdate, ListWindow, TailUpdate, TailWindow } from '../contract/views.ts';
import type { FilteredRows, RowFilter } from './row-filter.ts';

export interface ListSource<Row, Sort extends string> {
  readonly rows: readonly Row[];
  /** What the filter applies to. */
  readonly filtered: FilteredRows<Row>;
  readonly compare: Readonly<Record<Sort, (a: Row, b: Row) => number>>;
  /** Breaks ties, so that rows keep their order. */
  readonly tieBreak: (row: Row) => string;
}

/** Faster than `localeCompare`. */
const COLLATOR = new Intl.Collator();

/** The part of a list inside a window. */
export function listWindow<Row, Sort extends string>(
  { rows, compare, tieBreak }: ListSource<Row, Sort>,
  window: ListWindow<Sort>,
  filter: RowFilter<Row>,
): ListUpdate<Row> {
  const passes = filter.test(rows);
  const matched = rows.filter((_row, index) => passes[index]);
  const { fault } = filter;
  const isPartial = passes.length < rows.length;
  const sign = window.descending ? -1 : 1;
  const byKey = compare[window.sort];
  const count = Math.min(Math.max(0, window.rows), LIMITS.viewRows);
  const offset = Math.max(0, Math.min(window.offset, matched.length - count));
  const shown = sortedPart(
    matched,
    { from: offset, to: Math.min(matched.length, offset + count) },
    (a, b) => sign * byKey(a, b) || COLLATOR.compare(tieBreak(a), tieBreak(b)),
  );
  return {
    ...{ total: rows.length, matched: matched.length, offset, rows: shown },
    ...(fault !== undefined && { filterFault: fault }),
    ...(isPartial && { isPartial: true }),
  };
}

export interface TailSource<Row> {
  readonly length: number;
  readonly forgotten: number;
  /** 0 is the oldest. Ids increase. */
  at(index: number): Row | undefined;
  /** Which rows the filter finds; undefined: there is none, so all. */
  readonly found: FoundRows | undefined;
}

/** The rows that a filter finds. */
export interface FoundRows {
  /** Their places in the list, from the oldest. */
  readonly indexes: ArrayLike<number>;
  readonly fault: string | undefined;
  /** Rows are left to test: more may be found. */
  readonly isPartial: boolean;
}

/**
 * The part of a growing list inside a window: the newest rows, those up to `endId`, or those after `afterId`. Only these
 * rows are created.
 */
export function tailWindow<Row extends { readonly id: number }>(
  source: TailSource<Row>,
  window: TailWindow,
): TailUpdate<Row> {
  const { length, forgotten, found } = source;
  const matchedCount = found?.indexes.length ?? length;
  const at = (index: number): Row =>
    source.at(found === undefined ? index : (found.indexes[index] ?? -1)) as Row;
  const { endId, afterId } = window;
  const upTo = (id: number): number => countUpTo(id, matchedCount, (index) => at(index).id);
  const count = Math.min(Math.max(0, window.rows), LIMITS.viewRows);
  const after = afterId === undefined ? undefined : upTo(afterId);
  const end = endId === undefined ? matchedCount : upTo(endId);
  // At the very top, the window is filled from below.
  const until = Math.min(
    matchedCount,
    after === undefined ? Math.max(end, Math.min(count, matchedCount)) : after + count,
  );
  const start = after ?? Math.max(0, until - count);
  return {
    total: length,
    matched: matchedCount,
    newer: matchedCount - until,
    older: start,
    forgotten,
    ...(found?.fault !== undefined && { filterFault: found.fault }),
    ...(found?.isPartial === true && { isPartial: true }),
    rows: Array.from({ length: until - start }, (_, index) => at(start + index)),
  };
}

/** How many of the first `count` rows have an id up to `id`; ids increase. */
function countUpTo(id: number, count: number, idAt: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (idAt(middle) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
