import { pressInDialog } from '../dialogs/dialogs.ts';
import { layoutOf } from '../layout.ts';
import { logRows } from '../panes/log-pane.ts';
import { peerRowsAbove } from '../panes/peers-pane.ts';
import type { PaneName } from '../state/ui-state.ts';
import { key, type MousePress } from '../terminal/key-event.ts';
import { move } from './actions/panes.ts';
import type { ChatControl } from './chat-control.ts';
import type { UiContext } from './ui-context.ts';

/** Rows that one step of the wheel moves. */
const WHEEL_ROWS = 3;
/** The upper border of a pane and the heads of its columns. */
const ROWS_ABOVE_LIST = 2;

export interface MouseTargets {
  readonly control: UiContext;
  readonly chat: ChatControl;
}

/** The wheel scrolls the pane or the dialog; a click chooses a pane and its row. */
export function pressMouse(event: MousePress, { control, chat }: MouseTargets): void {
  const { dialog } = control.ui();
  const by = { 'wheel-up': -1, 'wheel-down': 1, left: 0 }[event.button];
  if (dialog !== undefined) {
    if (by === 0) return;
    // No dialog runs anything by these two keys.
    const step = key(by < 0 ? 'up' : 'down');
    return pressInDialog(step, dialog, { control, chat, run: () => undefined });
  }
  const pane = paneAt(control, event);
  if (pane === undefined) return;
  if (control.ui().focus !== pane) control.change({ kind: 'focus', pane, editing: false, byUser: true });
  if (by !== 0) move(control, by * WHEEL_ROWS);
  else choose(control, pane, event.row);
}

function paneAt(control: UiContext, { row, column }: MousePress): PaneName | undefined {
  const at = Object.entries(layoutOf(control.ui())).find(
    ([, box]) =>
      row >= box.row && row < box.row + box.height && column >= box.column && column < box.column + box.width,
  );
  return at?.[0] as PaneName | undefined;
}

/** Selects the row of the pane that is drawn in this row of the screen. */
function choose(control: UiContext, pane: PaneName, row: number): void {
  const [ui, data] = [control.ui(), control.data()];
  const box = layoutOf(ui)[pane];
  if (box === undefined) return;
  const at = row - box.row - ROWS_ABOVE_LIST;
  if (pane === 'log') {
    const shown = (data.log?.rows ?? []).slice(-logRows({ box }));
    const [chosen, last] = [shown[at], shown.at(-1)];
    if (chosen === undefined || last === undefined) return;
    return control.change({ kind: 'to-row', pane, id: chosen.id, endId: last.id });
  }
  if (pane === 'chat') return;
  const index = pane === 'peers' ? at - peerRowsAbove(data) : at;
  const chosen = data[pane]?.rows[index];
  if (index < 0 || chosen === undefined) return;
  control.change({ kind: 'select', pane, id: chosen.id, index: (data[pane]?.offset ?? 0) + index });
}
