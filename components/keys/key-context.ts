import { selectedRow } from '../state/list-motion.ts';
import type { EngineData, SafeChatRow, SafeLogRow, SafePeerRow, SafeQueueRow } from '../state/safe-rows.ts';
import { tailRow } from '../state/tail-motion.ts';
import type { UiState } from '../state/ui-state.ts';

/** What the table of keys may ask before it offers a key. */
export interface KeyContext {
  readonly ui: UiState;
  readonly data: EngineData;
  /** The selected rows; absent when there is none or when it has moved out of sight. */
  readonly peer: SafePeerRow | undefined;
  /** The one talked to, while it is in sight. */
  readonly chatPeer: SafePeerRow | undefined;
  readonly queue: SafeQueueRow | undefined;
  readonly logRow: SafeLogRow | undefined;
  readonly chatRow: SafeChatRow | undefined;
  /** The newest transfer of ours in the conversation that has not ended. */
  readonly transfer: SafeChatRow | undefined;
  readonly isShellRunning: boolean;
  /** What has been written so far. */
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
    transfer: data.chat?.rows.findLast((row) => row.from === 'me' && isUnderWay(row)),
    ...chat,
  };
}

/** A transfer that has not come to its end. */
export function isUnderWay({ transfer }: SafeChatRow): boolean {
  return transfer !== undefined && ['preparing', 'waiting', 'running'].includes(transfer.phase);
}
