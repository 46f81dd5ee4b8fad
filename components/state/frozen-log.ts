import type { LogRow, TailUpdate, TailWindow } from '../../engine/contract/views.ts';

/** Rows that are kept while the log is frozen: as many as the connector sends at a time (LIMITS.viewRows). */
export const FROZEN_ROWS = 1_000;

/** The part of the kept rows inside a window, as the connector would show it. */
export function frozenWindow(
  kept: TailUpdate<LogRow>,
  { endId, rows }: Pick<TailWindow, 'endId' | 'rows'>,
): TailUpdate<LogRow> {
  const all = kept.rows;
  const end = endId === undefined ? all.length : all.filter(({ id }) => id <= endId).length;
  const until = Math.min(all.length, Math.max(end, rows));
  const start = Math.max(0, until - rows);
  return { ...kept, older: start, newer: all.length - until, rows: all.slice(start, until) };
}
