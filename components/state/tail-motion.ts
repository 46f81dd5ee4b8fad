import type { TailUpdate } from '../../engine/contract/views.ts';
import type { TailState } from './ui-state.ts';

type TailRows = TailUpdate<{ readonly id: number }>;

/** The row under the cursor: the selected one, or the newest while following. */
export function tailRow<Row extends { readonly id: number }>(
  tail: TailState,
  update: TailUpdate<Row> | undefined,
): Row | undefined {
  return update?.rows[cursorIndex(tail, update)];
}

/** Follows the newest entry again. */
function follow(tail: TailState): TailState {
  return { filter: tail.filter };
}

/**
 * Moves the cursor by `by` rows; beyond the window the window moves too. The first step up stops following;
 * the newest entry starts it again.
 */
export function moveTail(
  tail: TailState,
  motion: { readonly by: number; readonly update: TailRows | undefined },
): TailState {
  const { by, update } = motion;
  if (by === Number.POSITIVE_INFINITY) return follow(tail);
  const last = update?.rows.at(-1);
  if (update === undefined || last === undefined) return tail;
  const wanted = cursorIndex(tail, update) + by;
  if (wanted < 0) return up(tail, update, wanted);
  if (wanted >= update.rows.length - 1 && update.newer === 0) return follow(tail);
  const endId = tail.endId ?? last.id;
  const row = update.rows[wanted];
  if (row !== undefined) return { filter: tail.filter, endId, selectedId: row.id };
  const step = Math.ceil((wanted - update.rows.length + 1) * idsPerRow(update));
  return { filter: tail.filter, endId: Math.max(endId, last.id) + Math.max(1, step), edge: 'last' };
}

/** The cursor has reached the newest entry: follow it again. */
export function settleTail(tail: TailState, update: TailRows): TailState {
  return tail.edge === 'last' && update.newer === 0 ? follow(tail) : tail;
}

function up(tail: TailState, update: TailRows, wanted: number): TailState {
  const { rows } = update;
  const first = rows[0] as { readonly id: number };
  if (wanted === Number.NEGATIVE_INFINITY) {
    const endId = first.id - update.older + rows.length - 1;
    return { filter: tail.filter, endId, edge: 'first' };
  }
  // The rows above are not known yet; the new window ends at a row that is.
  const end = rows[Math.max(0, rows.length - 1 + wanted)] ?? first;
  return { filter: tail.filter, endId: update.older > 0 ? end.id : (rows.at(-1) ?? first).id, edge: 'first' };
}

function cursorIndex(tail: TailState, update: TailRows): number {
  const at = update.rows.findIndex(({ id }) => id === tail.selectedId);
  if (at >= 0) return at;
  return tail.edge === 'first' ? 0 : update.rows.length - 1;
}

/** A filter leaves gaps between the ids; a step down skips the average gap. */
function idsPerRow(update: TailRows): number {
  return update.matched === 0 ? 1 : Math.max(1, update.total / update.matched);
}
