import { detailWidth, showLines } from '../../dialogs/detail.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { peerDetail } from '../../panes/peer-detail.ts';
import { safe, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';
import { askToDeleteCertificate } from './connector.ts';
import { focus } from './panes.ts';

/** What is done with the selected peer. */
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
  'delete-certificate': askToDeleteCertificate,
} satisfies Partial<Record<ActionId, Act>>;

function ignorePeer(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  const commands = [{ kind: 'peer.ignore', peer: peer.id, on: !peer.ignored }] as const;
  if (peer.ignored) {
    const onOk = () => control.toast('good', safe`No longer ignoring ${peer.name}.`);
    return control.execute(commands[0], { onOk });
  }
  control.later({
    label: safe`Ignore ${peer.name}`,
    commands,
    done: safe`Ignoring ${peer.name}: new messages are dropped; i lets it in again.`,
  });
}

function ping(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  control.execute(
    { kind: 'peer.ping', peer: peer.id },
    {
      onOk: (value) => {
        const lag = typeof value === 'number' ? safe` in ${Math.max(1, Math.round(value))} ms` : trusted('');
        control.toast('good', safe`${peer.name} answered${lag}.`);
      },
    },
  );
}

/** Shows the selected peer; in the chat, the peer of the conversation. */
function showPeer(control: UiContext): void {
  const { ui, data, peer, chatPeer } = control.context();
  const shown = ui.focus === 'chat' ? chatPeer : peer;
  if (shown === undefined) return;
  const width = detailWidth(control.context());
  showLines(control, shown.name, peerDetail(shown, { status: data.status, nowMs: ui.nowMs, width }));
}

function disconnect(control: UiContext): void {
  const { peer } = control.context();
  if (peer === undefined) return;
  control.later({
    label: safe`Disconnect ${peer.name}`,
    commands: [{ kind: 'peer.disconnect', peer: peer.id }],
    done: safe`Disconnected ${peer.name}. It can reconnect; messages queued for it are kept.`,
  });
}
