import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const needsChatRow = ({ chatRow }: KeyContext): string | undefined =>
  chatRow === undefined ? 'No row is selected.' : undefined;

const needsTransfer = ({ transfer }: KeyContext): string | undefined =>
  transfer === undefined ? 'No transfer is running in this conversation.' : undefined;

const needsChatPeer = ({ chatPeer }: KeyContext): string | undefined =>
  chatPeer === undefined ? 'There is no peer in this conversation yet.' : undefined;

const hasFailedLine = ({ chatRow }: KeyContext): boolean =>
  chatRow?.from === 'me' && ['failed', 'dropped', 'unknown'].includes(chatRow.mark ?? '');

/** Only on a connector, where the chat is shown on demand. */
const hasOpenChat = ({ ui }: KeyContext): boolean =>
  ui.isConnector && ui.chatOpen && ui.chat.filter === '' && !ui.zoom;

/** The keys of the chat pane. */
export const CHAT_KEYS: readonly Binding[] = [
  on('chat', 'enter', ['write', 'write'], { footer: 1 }),
  on('chat', 'o', ['open-chat-row', 'open the row'], { footer: 2, refusal: needsChatRow }),
  on('chat', 'escape', ['close-chat', 'close the chat'], {
    footer: 3,
    applies: hasOpenChat,
    otherwise: 'The chat closes only on a connector, while it is open and neither filtered nor zoomed.',
  }),
  on('chat', 'c', ['cancel-transfer', 'cancel the transfer, while there is one'], {
    command: 'cancel',
    footer: 1,
    refusal: needsTransfer,
  }),
  on('chat', 'r', ['say-again', 'send the line again, when it has failed'], {
    footer: 0,
    applies: hasFailedLine,
    otherwise: 'The selected line has not failed.',
  }),
  on('chat', 'v', ['who', 'view the peer, with its fingerprint words'], {
    footer: 3,
    refusal: needsChatPeer,
  }),
];
