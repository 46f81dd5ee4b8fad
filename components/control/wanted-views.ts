import type { View } from '../../engine/contract/views.ts';
import { quitDialog } from '../dialogs/quit.ts';
import { TRANSFER_ROWS, transfersDialog } from '../dialogs/transfers.ts';
import { type Layout, layoutOf, roomiestLayoutOf } from '../layout.ts';
import { chatRows } from '../panes/chat-pane.ts';
import { logRows } from '../panes/log-pane.ts';
import { peersRows } from '../panes/peers-pane.ts';
import { queuesRows } from '../panes/queues-pane.ts';
import type { EngineData } from '../state/safe-rows.ts';
import { NOBODY, type PaneName, type TailState, type UiState } from '../state/ui-state.ts';

/** While the peers pane is hidden: enough rows to choose a peer for the chat. */
const HIDDEN_PEERS_ROWS = 8;

/** While the chat pane is hidden: enough rows to name the transfers that quitting would abort. */
const HIDDEN_CHAT_ROWS = 50;

const TRANSFERS: View = {
  ...{ pane: 'transfers', filter: '', sort: 'name', descending: false, offset: 0, rows: TRANSFER_ROWS },
};

/** Rows that a pane shows; 0 while it is hidden. */
export function visibleRows(pane: PaneName, ui: UiState, data: EngineData): number {
  return rowsIn(layoutOf(ui), pane, { ui, data });
}

function rowsIn(
  layout: Layout,
  pane: PaneName,
  { ui, data }: { readonly ui: UiState; readonly data: EngineData },
): number {
  const box = layout[pane];
  if (box === undefined) return 0;
  switch (pane) {
    case 'peers':
      return peersRows({ ui, data, box });
    case 'queues':
      return queuesRows({ box, data });
    case 'log':
      return logRows({ box });
    case 'chat':
      return chatRows({ box });
  }
}

/**
 * The views that the screen needs: for each visible pane, the rows that fit. A list is asked for what would fit if it
 * were as high as it may become: then its height and its rows arrive together.
 */
export function wantedViews(ui: UiState, data: EngineData): readonly View[] {
  const layout = layoutOf(ui);
  const roomiest = roomiestLayoutOf(ui);
  const rows = (pane: PaneName): number =>
    rowsIn(pane === 'peers' || pane === 'queues' ? roomiest : layout, pane, { ui, data });
  const views: View[] = [{ pane: 'status' }];
  const { selected: _peer, ...peers } = ui.peers;
  views.push({ pane: 'peers', ...peers, rows: rows('peers') || HIDDEN_PEERS_ROWS });
  const { selected: _queue, ...queues } = ui.queues;
  if (rows('queues') > 0) views.push({ pane: 'queues', ...queues, rows: rows('queues') });
  if (rows('log') > 0) views.push({ pane: 'log', ...tail(ui.log, rows('log')) });
  const chat = rows('chat') || (ui.dialog?.kind === quitDialog.kind ? HIDDEN_CHAT_ROWS : 0);
  if (chat > 0) views.push({ pane: 'chat', peer: ui.chatPeer?.id ?? NOBODY, ...tail(ui.chat, chat) });
  if (ui.dialog?.kind === transfersDialog.kind) views.push(TRANSFERS);
  return views;
}

function tail({ filter, endId }: TailState, rows: number) {
  return endId === undefined ? { filter, rows } : { filter, endId, rows };
}
