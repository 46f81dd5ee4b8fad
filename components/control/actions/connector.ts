import { askToInvite } from '../../dialogs/invite.ts';
import { askToJoin } from '../../dialogs/join.ts';
import { openJoinRequest } from '../../dialogs/join-request.ts';
import { openPeerCommand } from '../../dialogs/peer-command.ts';
import { askToType } from '../../dialogs/typed-confirm.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { type SafeText, safe, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';

/** What is done with the whole connector, as in `aioc cli`. */
export const CONNECTOR_ACTIONS = {
  'ignore-all': ignoreAll,
  invite: (control, _chat, words) => askToInvite(control, words),
  join: (control, _chat, words) => askToJoin(control, words),
  start: startConnector,
  stop: (control) => stopLater(control, { hard: false }),
  'stop-hard': (control) => stopLater(control, { hard: true }),
  restart: (control) => restartLater(control, { hard: false }),
  'restart-hard': (control) => restartLater(control, { hard: true }),
  answer: (control) =>
    (control.data().status?.joinRequests.length ?? 0) > 0
      ? openJoinRequest(control)
      : openPeerCommand(control),
  'next-address': (control) => control.change({ kind: 'next-address' }),
  dial: (control) =>
    control.execute(
      { kind: 'dial.now' },
      { onOk: () => control.toast('info', trusted('Retrying.'), ({ status }) => isUp(status?.phase.kind)) },
    ),
} satisfies Partial<Record<ActionId, Act>>;

function ignoreAll(control: UiContext): void {
  const on = control.data().status?.ignoringAll !== true;
  if (!on) {
    const onOk = () => control.toast('good', trusted('No longer ignoring all peers.'));
    return control.execute({ kind: 'all.ignore', on }, { onOk });
  }
  control.later({
    label: trusted('Ignore all peers'),
    commands: [{ kind: 'all.ignore', on }],
    done: trusted('Ignoring all peers: new messages are dropped and counted; I lets them in again.'),
  });
}

/** On a server, the certificate of the selected client; on a client, its own. */
export function askToDeleteCertificate(control: UiContext): void {
  const { peer, data } = control.context();
  const { status } = data;
  if (peer === undefined || status === undefined) return;
  const isServer = status.role === 'server';
  const name = isServer ? peer.wireName : status.ownName;
  const lines: readonly SafeText[] = isServer
    ? [trusted('It is cut off at once. It comes back only when it deletes its own certificate, too.')]
    : [
        safe`This is your own certificate. ${name} then requests a new one with the default certificate. The server issues it only after the old one is deleted there, too.`,
      ];
  askToType(control, {
    title: safe`Delete ${name}’s certificate?`,
    lines,
    expected: name,
    yes: trusted('Delete'),
    command: { kind: 'certificate.delete', peer: peer.id },
    done: safe`Certificate of ${name}`,
  });
}

function startConnector(control: UiContext): void {
  const onOk = (): void => control.toast('good', trusted('Connector started.'));
  control.execute({ kind: 'connector.start' }, { onOk });
}

function stopLater(control: UiContext, { hard }: { readonly hard: boolean }): void {
  control.later({
    label: trusted(hard ? 'Stop the connector without sending its queues' : 'Stop the connector'),
    commands: [{ kind: 'connector.stop', hard }],
    done: trusted('Connector stopped: local programs cannot send. r starts it.'),
  });
}

function restartLater(control: UiContext, { hard }: { readonly hard: boolean }): void {
  control.later({
    label: trusted(hard ? 'Restart the connector without sending its queues' : 'Restart the connector'),
    commands: [{ kind: 'connector.restart', hard }],
    done: trusted('Connector restarted; its connections come back automatically.'),
  });
}

function isUp(phase: string | undefined): boolean {
  return phase === 'connected' || phase === 'listening';
}
