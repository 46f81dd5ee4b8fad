import { showLines } from '../../dialogs/detail.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { chatRowDetail, chatRowTitle } from '../../panes/chat-pane.ts';
import { safe } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';

/** What is done in the conversation and its line. The line editor handles `send` and the history. */
export const CHAT_ACTIONS = {
  'open-chat-row': openChatRow,
  'close-chat': (control) => control.change({ kind: 'close-chat' }),
  complete: (_control, chat) => chat.completion.next(1),
  'complete-back': (_control, chat) => chat.completion.next(-1),
  'take-back': (_control, chat) => chat.completion.takeBack(),
  search: (_control, chat) => chat.openSearch(),
  'stop-command': (control, chat) => {
    if (chat.isShellRunning) return chat.stopShell();
    for (const { peer } of control.data().status?.exec?.running ?? [])
      control.execute({ kind: 'exec.stop', peer });
  },
  'say-again': (control) => {
    const { chatRow, ui } = control.context();
    if (chatRow === undefined || ui.chatPeer === undefined) return;
    control.execute({ kind: 'chat.again', peer: ui.chatPeer.id, row: chatRow.id });
    control.change({ kind: 'chat-to-end' });
  },
  'cancel-transfer': (control) => {
    const { transfer, ui } = control.context();
    if (transfer === undefined || ui.chatPeer === undefined) return;
    control.execute({ kind: 'chat.cancel', peer: ui.chatPeer.id, row: transfer.id });
    control.toast('info', safe`Cancelling ${transfer.text}.`);
  },
} satisfies Partial<Record<ActionId, Act>>;

function openChatRow(control: UiContext): void {
  const { chatRow } = control.context();
  if (chatRow === undefined) return;
  showLines(control, chatRowTitle(chatRow), chatRowDetail(chatRow));
}
