import { showLines } from '../../dialogs/detail.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { logRowDetail, logRowTitle } from '../../panes/log-detail.ts';
import { type SafeBody, type SafeLogRow, safeBody } from '../../state/safe-rows.ts';
import { trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';

/** What is done with the selected row of the log. */
export const LOG_ACTIONS = {
  'open-log-row': openLogRow,
} satisfies Partial<Record<ActionId, Act>>;

/** Opens the whole row: the log may have cut its text. */
function openLogRow(control: UiContext): void {
  const { logRow } = control.context();
  if (logRow === undefined) return;
  if (logRow.kind === 'event') return showLogRow(control, logRow, undefined);
  control.engine.query(logRow.id).then(
    (raw) => showLogRow(control, logRow, raw === undefined ? undefined : safeBody(raw)),
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}

function showLogRow(control: UiContext, row: SafeLogRow, body: SafeBody | undefined): void {
  showLines(control, logRowTitle(row), logRowDetail(row, body));
}
