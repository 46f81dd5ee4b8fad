import { selectedRow } from '../state/list-motion.ts';
import type { EngineData, SafeChatRow, SafeLogRow, SafePeerRow, SafeQueueRow } from '../state/safe-rows.ts';
import { tailRow } from '../state/tail-motion.ts';
import type { UiState } from '../state/ui-state.ts';

/** What the table of keys looks at before it offers a key. */
export interface KeyContext {
  readonly ui: UiState;
  readonly data: EngineData;
  /** The selected rows; undefined when there is none or it is not loaded. */
  readonly peer: SafePeerRow | undefined;
  /** The peer of the conversation, while its row is loaded. */
  readonly chatPeer: SafePeerRow | undefined;
  readonly queue: SafeQueueRow | undefined;
  readonly logRow: SafeLogRow | undefined;
  readonly chatRow: SafeChatRow | undefined;
  /** The unfinished transfer that is cancelled: the selected one, or the newest, ours before the peer's. */
  readonly transfer: SafeChatRow | undefined;
  readonly isShellRunning: boolean;
  /** The text of the chat line. */
  readonly chatLine: string;
}

export function keyContextOf(
  ui: UiState,
  data: EngineData,
  chat: Pick<KeyContext, 'isShellRunning' | 'chatLine'>,
): KeyContext {
  return {
    ui,
    data,
    peer: selectedRow(ui.peers, data.peers),
    chatPeer: data.peers?.rows.find(({ id }) => id === ui.chatPeer?.id),
    queue: selectedRow(ui.queues, data.queues),
    logRow: tailRow(ui.log, data.log),
    chatRow: tailRow(ui.chat, data.chat),
    transfer: transferOf(ui, data),
    ...chat,
  };
}

/** What an action on peers is for: the marked ones, else the selected one. */
export function actedPeers({ ui, data, peer }: KeyContext): readonly ActedPeer[] {
  const rows = data.peers?.rows ?? [];
  const marked = [...ui.marks.peers].map(([id, name]): ActedPeer => {
    const row = rows.find((one) => one.id === id);
    return row ?? { id, name, ignored: false };
  });
  return marked.length > 0 || peer === undefined ? marked : [peer];
}

export type ActedPeer = Pick<SafePeerRow, 'id' | 'name' | 'ignored'>;

function transferOf(ui: UiState, data: EngineData): SafeChatRow | undefined {
  const selected = tailRow(ui.chat, data.chat);
  if (selected !== undefined && isUnderWay(selected)) return selected;
  const all = data.chat?.rows.filter(isUnderWay) ?? [];
  return all.findLast(({ from }) => from === 'me') ?? all.at(-1);
}

/** True for a transfer that has not finished. */
export function isUnderWay({ transfer }: SafeChatRow): boolean {
  return transfer !== undefined && ['preparing', 'waiting', 'running'].includes(transfer.phase);
}
