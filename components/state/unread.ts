import type { EngineData } from './safe-rows.ts';
import type { UiState } from './ui-state.ts';

/** Lines of the conversation that is shown which nobody has seen: the user has pressed no key in it since. */
export function unreadOf(ui: Pick<UiState, 'chatPeer'>, data: EngineData): number {
  const peer = data.peers?.rows.find(({ id }) => id === ui.chatPeer?.id);
  if (peer !== undefined) return peer.unread;
  const rows = data.chat?.rows ?? [];
  const first = rows.findIndex(({ firstUnread }) => firstUnread === true);
  return first < 0 ? 0 : rows.slice(first).filter(({ from }) => from === 'peer').length;
}
