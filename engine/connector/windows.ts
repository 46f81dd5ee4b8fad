import { LIMITS } from '../base/limits.ts';
import type { ListUpdate, ListWindow, TailUpdate, TailWindow } from '../contract/views.ts';

export interface ListSource<Row, Sort extends string> {
  readonly rows: readonly Row[];
  /** What the filter is compared with. */
  readonly textOf: (row: Row) => string;
  readonly compare: Readonly<Record<Sort, (a: Row, b: Row) => number>>;
  /** Decides between equals, so that rows do not change places without a reason. */
  readonly tieBreak: (row: Row) => string;
}

/** The part of a list that a window shows. */
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
  readonly rows: Iterable<Row>;
  readonly total: number;
  readonly forgotten: number;
  readonly textOf: (row: Row) => string;
}

/** The part of a growing list that a window shows: the newest, or what ends at `endId`. */
export function tailWindow<Row extends { readonly id: number }>(
  source: TailSource<Row>,
  window: TailWindow,
): TailUpdate<Row> {
  const matches = matcher(window.filter);
  const matched = [...source.rows].filter((row) => window.filter === '' || matches(source.textOf(row)));
  const { endId } = window;
  const end = endId === undefined ? matched.length : matched.filter(({ id }) => id <= endId).length;
  const count = Math.min(Math.max(0, window.rows), LIMITS.viewRows);
  // Scrolled to the very top, a window is still filled from what comes below.
  const until = Math.min(matched.length, Math.max(end, Math.min(count, matched.length)));
  const start = Math.max(0, until - count);
  return {
    total: source.total,
    matched: matched.length,
    newer: matched.length - until,
    older: start,
    forgotten: source.forgotten,
    rows: matched.slice(start, until),
  };
}

/** Every word must occur, in any case; a word that begins with `!` must not. */
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
