import type { EngineData } from './safe-rows.ts';
import type { UiState } from './ui-state.ts';

/** Unread lines of the visible conversation: the user has not pressed a key in it since they arrived. */
export function unreadOf(ui: Pick<UiState, 'chatPeer'>, data: EngineData): number {
  const peer = data.peers?.rows.find(({ id }) => id === ui.chatPeer?.id);
  if (peer !== undefined) return peer.unread;
  const rows = data.chat?.rows ?? [];
  const first = rows.findIndex(({ firstUnread }) => firstUnread === true);
  return first < 0 ? 0 : rows.slice(first).filter(({ from }) => from === 'peer').length;
}
