import type { ActionId } from '../../keys/action-id.ts';
import { queueName } from '../../panes/queues-pane.ts';
import { countText } from '../../state/format.ts';
import { isMarkedPane, type MarkableRow } from '../../state/marks.ts';
import { withUpdate } from '../../state/safe-rows.ts';
import type { MarkedPane } from '../../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import { lookOnce, ROWS_A_VIEW } from '../whole-lists.ts';
import type { Act } from './act.ts';
import { move } from './panes.ts';

/** Marks on several rows of a list; what is done then is done with all of them. */
export const MARK_ACTIONS = {
  mark,
  'mark-range': markRange,
  'mark-all': (control) => void markAll(control),
} satisfies Partial<Record<ActionId, Act>>;

/** Marks the selected row, and goes to the next one. */
function mark(control: UiContext): void {
  const { focus } = control.ui();
  const row = selectedRow(control);
  if (!isMarkedPane(focus) || row === undefined) return;
  control.change({ kind: 'mark', pane: focus, row });
  move(control, 1);
}

/** Marks the rows from the nearest mark to the selected one. */
function markRange(control: UiContext): void {
  const ui = control.ui();
  const selected = selectedRow(control);
  if (!isMarkedPane(ui.focus) || selected === undefined) return;
  const rows = loadedRows(control, ui.focus);
  const here = rows.findIndex(({ id }) => id === selected.id);
  const marked = rows.flatMap(({ id }, at) => (ui.marks[ui.focus as MarkedPane].has(id) ? [at] : []));
  const nearest = marked.reduce(
    (best, at) => (Math.abs(at - here) < Math.abs(best - here) ? at : best),
    marked[0] ?? here,
  );
  const [from, to] = [Math.min(here, nearest), Math.max(here, nearest)];
  control.change({ kind: 'mark-all', pane: ui.focus, rows: rows.slice(from, to + 1) });
}

/** Marks every row that the filter passes, also those that the pane has no room for. */
async function markAll(control: UiContext): Promise<void> {
  const ui = control.ui();
  const pane = ui.focus;
  if (!isMarkedPane(pane)) return;
  const { selected: _row, ...list } = ui[pane];
  const view = { pane, ...list, offset: 0, rows: ROWS_A_VIEW } as Parameters<typeof lookOnce<typeof pane>>[1];
  const update = await lookOnce(control.engine, view, (delayMs, act) =>
    control.host.clock.after(delayMs, act),
  );
  if (update === undefined) return control.toast('bad', trusted('The connector did not answer.'));
  const rows = markable(withUpdate({}, update), pane);
  control.change({ kind: 'mark-all', pane, rows });
  const some = update.matched > rows.length ? safe`the first ${countText(rows.length)} of ` : trusted('');
  control.toast('info', safe`Marked ${some}${countText(update.matched)}; Esc takes the marks away.`);
}

function selectedRow(control: UiContext): MarkableRow | undefined {
  const { ui, peer, queue } = control.context();
  if (ui.focus === 'peers') return peer;
  return queue && { id: queue.id, name: queueName(queue) };
}

function loadedRows(control: UiContext, pane: MarkedPane): readonly MarkableRow[] {
  return markable(control.data(), pane);
}

function markable(
  { peers, queues }: ReturnType<UiContext['data']>,
  pane: MarkedPane,
): readonly MarkableRow[] {
  const nameOf = (row: NonNullable<typeof queues>['rows'][number]): SafeText => queueName(row);
  return pane === 'peers'
    ? (peers?.rows ?? []).map(({ id, name }) => ({ id, name }))
    : (queues?.rows ?? []).map((row) => ({ id: row.id, name: nameOf(row) }));
}
