import { showLines } from '../../dialogs/detail.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { type ActedPeer, actedPeers } from '../../keys/key-context.ts';
import { peerDetail } from '../../panes/peer-detail.ts';
import { millisText } from '../../state/format.ts';
import { type SafeText, safe, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';
import { askToDeleteCertificate } from './connector.ts';
import { focus } from './panes.ts';

/** Names in a sentence of the footer. */
const NAMES_SAID = 3;

/** What is done with the selected peer, or with all marked ones. */
export const PEER_ACTIONS = {
  talk: (control, chat) => {
    const { peer } = control.context();
    if (peer === undefined) return;
    chat.talkTo(peer);
    focus(control, 'chat');
  },
  ignore: ignorePeer,
  ping,
  who: showPeer,
  disconnect,
  'errors-of': showErrors,
  'delete-certificate': askToDeleteCertificate,
} satisfies Partial<Record<ActionId, Act>>;

/** Ignores; if all of them are ignored already, lets them in again. */
function ignorePeer(control: UiContext): void {
  const peers = actedPeers(control.context());
  if (peers.length === 0) return;
  const on = peers.some(({ ignored }) => !ignored);
  const commands = peers.map(({ id }) => ({ kind: 'peer.ignore', peer: id, on }) as const);
  const names = namesOf(peers);
  if (!on) {
    const onOk = () => control.toast('good', safe`No longer ignoring ${names}.`);
    for (const command of commands) control.execute(command, { onOk });
    return;
  }
  control.later({
    label: safe`Ignore ${names}`,
    commands,
    done: safe`Ignoring ${names}: new messages are dropped; i lets ${trusted(peers.length === 1 ? 'it' : 'them')} in again.`,
  });
}

/** What has gone wrong with the peer, in the log. */
function showErrors(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  focus(control, 'log');
  control.change({ kind: 'filter', text: `peer:"${peer.name}" level:warning,error` });
}

function ping(control: UiContext): void {
  const peers = actedPeers(control.context());
  let answered = 0;
  for (const { id, name } of peers)
    control.execute(
      { kind: 'peer.ping', peer: id },
      {
        onOk: (value) => {
          answered += 1;
          const lag = typeof value === 'number' ? safe` in ${millisText(value)}` : trusted('');
          const all = peers.length === 1 ? trusted('') : safe` (${answered} of ${peers.length})`;
          control.toast('good', safe`${name} answered${lag}${all}.`);
        },
      },
    );
}

/** Names as far as a footer has room for them. */
function namesOf(peers: readonly ActedPeer[]): SafeText {
  const [first, ...others] = peers;
  if (first === undefined || others.length === 0) return first?.name ?? trusted('');
  const listed = others.slice(0, NAMES_SAID - 1).reduce((all, { name }) => safe`${all}, ${name}`, first.name);
  const more = peers.length > NAMES_SAID ? trusted(', …') : trusted('');
  return safe`${peers.length} peers (${listed}${more})`;
}

/** Shows the selected peer; in the chat, the peer of the conversation. */
function showPeer(control: UiContext): void {
  const { ui, data, peer, chatPeer } = control.context();
  const shown = ui.focus === 'chat' ? chatPeer : peer;
  if (shown === undefined) return;
  const view = { status: data.status, nowMs: ui.nowMs };
  showLines(control, shown.name, (width) => peerDetail(shown, { ...view, width }));
}

function disconnect(control: UiContext): void {
  const peers = actedPeers(control.context());
  if (peers.length === 0) return;
  control.later({
    label: safe`Disconnect ${namesOf(peers)}`,
    commands: peers.map(({ id }) => ({ kind: 'peer.disconnect', peer: id }) as const),
    done:
      peers.length === 1
        ? safe`Disconnected ${namesOf(peers)}. It can reconnect; messages queued for it are kept.`
        : safe`Disconnected ${namesOf(peers)}. They can reconnect; queued messages are kept.`,
  });
}
