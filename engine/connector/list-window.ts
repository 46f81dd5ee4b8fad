import { LIMITS } from '../base/limits.ts';
import type { ListUpdate, ListWindow, TailUpdate, TailWindow } from '../contract/views.ts';

export interface ListSource<Row, Sort extends string> {
  readonly rows: readonly Row[];
  /** The text that the filter applies to. */
  readonly textOf: (row: Row) => string;
  readonly compare: Readonly<Record<Sort, (a: Row, b: Row) => number>>;
  /** Breaks ties, so that rows keep their order. */
  readonly tieBreak: (row: Row) => string;
}

/** The part of a list inside a window. */
export function listWindow<Row, Sort extends string>(
  { rows, textOf, compare, tieBreak }: ListSource<Row, Sort>,
  window: ListWindow<Sort>,
): ListUpdate<Row> {
  const matches = matcher(window.filter);
  const matched = rows.filter((row) => matches(textOf(row)));
  const sign = window.descending ? -1 : 1;
  const byKey = compare[window.sort];
  matched.sort((a, b) => sign * byKey(a, b) || tieBreak(a).localeCompare(tieBreak(b)));
  const count = Math.min(Math.max(0, window.rows), LIMITS.viewRows);
  const offset = Math.max(0, Math.min(window.offset, matched.length - count));
  return { total: rows.length, matched: matched.length, offset, rows: matched.slice(offset, offset + count) };
}

export interface TailSource<Row> {
  readonly length: number;
  readonly forgotten: number;
  /** 0 is the oldest. Ids increase. */
  at(index: number): Row | undefined;
  readonly textOf: (row: Row) => string;
}

/** The part of a growing list inside a window: the newest rows, or those up to `endId`. Only these rows are created. */
export function tailWindow<Row extends { readonly id: number }>(
  source: TailSource<Row>,
  window: TailWindow,
): TailUpdate<Row> {
  const { length, forgotten } = source;
  const matched = window.filter === '' ? undefined : matchingRows(source, window.filter);
  const matchedCount = matched?.length ?? length;
  const at = (index: number): Row => (matched?.[index] ?? source.at(index)) as Row;
  const { endId } = window;
  const end = endId === undefined ? matchedCount : countUpTo(endId, matchedCount, (index) => at(index).id);
  const count = Math.min(Math.max(0, window.rows), LIMITS.viewRows);
  // At the very top, the window is filled from below.
  const until = Math.min(matchedCount, Math.max(end, Math.min(count, matchedCount)));
  const start = Math.max(0, until - count);
  return {
    total: length,
    matched: matchedCount,
    newer: matchedCount - until,
    older: start,
    forgotten,
    rows: Array.from({ length: until - start }, (_, index) => at(start + index)),
  };
}

function matchingRows<Row>({ length, at, textOf }: TailSource<Row>, filter: string): Row[] {
  const matches = matcher(filter);
  const found: Row[] = [];
  for (let index = 0; index < length; index += 1) {
    const row = at(index);
    if (row !== undefined && matches(textOf(row))) found.push(row);
  }
  return found;
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

/** Each word must occur, ignoring case; a word that starts with `!` must not. */
function matcher(filter: string): (text: string) => boolean {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '!');
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) =>
      word.startsWith('!') ? !lower.includes(word.slice(1)) : lower.includes(word),
    );
  };
}
