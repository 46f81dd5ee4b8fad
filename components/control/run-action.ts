import type { ActionId } from '../keys/action-id.ts';
import type { Act } from './actions/act.ts';
import { CHAT_ACTIONS } from './actions/chat.ts';
import { CONNECTOR_ACTIONS } from './actions/connector.ts';
import { LOG_ACTIONS } from './actions/log.ts';
import { MARK_ACTIONS } from './actions/marks.ts';
import { MATCH_ACTIONS } from './actions/matches.ts';
import { PANE_ACTIONS } from './actions/panes.ts';
import { PEER_ACTIONS } from './actions/peers.ts';
import { QUEUE_ACTIONS } from './actions/queues.ts';
import type { ChatControl } from './chat-control.ts';
import type { UiContext } from './ui-context.ts';

interface Acting {
  readonly control: UiContext;
  readonly chat: ChatControl;
  /** What the user has typed after the command. */
  readonly words?: string | undefined;
}

const ACTIONS: Readonly<Partial<Record<ActionId, Act>>> = {
  ...PANE_ACTIONS,
  ...MARK_ACTIONS,
  ...MATCH_ACTIONS,
  ...PEER_ACTIONS,
  ...QUEUE_ACTIONS,
  ...LOG_ACTIONS,
  ...CHAT_ACTIONS,
  ...CONNECTOR_ACTIONS,
};

/** Runs the action of a key or a palette command. The caller has checked that it is possible. */
export function runAction(action: ActionId, { control, chat, words = '' }: Acting): void {
  ACTIONS[action]?.(control, chat, words);
}
