import { showLines } from '../../dialogs/detail.ts';
import { showMessage } from '../../dialogs/message.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { logRowDetail, logRowFacts, logRowTitle } from '../../panes/log-detail.ts';
import { safeBody } from '../../state/safe-rows.ts';
import { trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';

/** What is done with the selected row of the log. */
export const LOG_ACTIONS = {
  'open-log-row': openLogRow,
  freeze: freezeLog,
} satisfies Partial<Record<ActionId, Act>>;

/** Lets the log stand still, or go on. */
function freezeLog(control: UiContext): void {
  const isFrozen = control.ui().frozenLogId !== undefined;
  const { status } = control.data();
  if (isFrozen) control.change({ kind: 'freeze-log', lastId: undefined });
  else if (status !== undefined) control.change({ kind: 'freeze-log', lastId: status.logLastId });
}

/** Opens the whole row: the log may have cut its text. */
function openLogRow(control: UiContext): void {
  const { logRow } = control.context();
  if (logRow === undefined) return;
  const showRow = (): void => showLines(control, logRowTitle(logRow), logRowDetail(logRow));
  if (logRow.kind === 'event') return showRow();
  control.engine.query(logRow.id).then(
    (raw) => {
      if (raw === undefined) return showRow();
      showMessage(control, { title: logRowTitle(logRow), summary: logRowFacts(logRow), body: safeBody(raw) });
    },
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}
