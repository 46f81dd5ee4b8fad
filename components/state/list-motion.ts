import type { ListUpdate } from '../../engine/contract/views.ts';
import type { ListState } from './ui-state.ts';

type ListRows = Pick<ListUpdate<{ readonly id: string }>, 'matched' | 'offset' | 'rows'>;

/** The selected row, if it is loaded. */
export function selectedRow<Row extends { readonly id: string }>(
  list: ListState<string>,
  update: ListUpdate<Row> | undefined,
): Row | undefined {
  if (update === undefined) return undefined;
  const { id, index } = list.selected;
  return id === undefined ? update.rows[index - update.offset] : update.rows.find((row) => row.id === id);
}

/** Moves the selection by `by` rows (Infinity: to an end) and the window after it. */
export function moveSelection<Sort extends string>(
  list: ListState<Sort>,
  motion: { readonly by: number; readonly visibleRows: number; readonly update: ListRows | undefined },
): ListState<Sort> {
  const { by, visibleRows, update } = motion;
  if (update === undefined || update.matched === 0) return list;
  const wanted = clamp(currentIndex(list, update) + by, 0, update.matched - 1);
  const offset = clamp(list.offset, wanted - visibleRows + 1, wanted);
  const row = update.rows[wanted - update.offset];
  const place = { index: wanted, byHand: true } as const;
  return { ...list, offset, selected: row === undefined ? place : { id: row.id, ...place } };
}

/** Adjusts the selection after an update: it follows its row, or takes the row at its index. */
export function settleSelection<Sort extends string>(
  list: ListState<Sort>,
  update: ListRows,
): ListState<Sort> {
  const { id, index } = list.selected;
  const last = Math.max(0, update.matched - 1);
  const offset = Math.min(list.offset, last);
  if (id !== undefined) {
    const at = update.rows.findIndex((row) => row.id === id);
    if (at >= 0 && at + update.offset === index && offset === list.offset) return list;
    const moved = at >= 0 ? at + update.offset : Math.min(index, last);
    // With all rows loaded, a missing row is gone: its neighbour gets the selection.
    const gone = at < 0 && update.offset === 0 && update.rows.length >= update.matched;
    if (!gone)
      return offset === list.offset && moved === index
        ? list
        : { ...list, offset, selected: { ...list.selected, index: moved } };
  }
  const row = update.rows[Math.min(index, last) - update.offset];
  if (row === undefined && offset === list.offset && id === undefined) return list;
  return {
    ...list,
    offset,
    selected:
      row === undefined ? { index: Math.min(index, last) } : { id: row.id, index: Math.min(index, last) },
  };
}

/** As `settleSelection`, but until the user moves the selection it stays on the first row, whatever that is. */
export function settleAtTop<Sort extends string>(list: ListState<Sort>, update: ListRows): ListState<Sort> {
  const first = update.offset === 0 ? update.rows[0] : undefined;
  const { id, index, byHand } = list.selected;
  if (byHand === true || list.offset > 0 || first === undefined) return settleSelection(list, update);
  return first.id === id && index === 0 ? list : { ...list, selected: { id: first.id, index: 0 } };
}

function currentIndex(list: ListState<string>, update: ListRows): number {
  const at = update.rows.findIndex((row) => row.id === list.selected.id);
  return at >= 0 ? at + update.offset : list.selected.index;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
