import { askToConfirm } from '../../dialogs/confirm.ts';
import { askToInvite } from '../../dialogs/invite.ts';
import { askToJoin } from '../../dialogs/join.ts';
import { openJoinRequest } from '../../dialogs/join-request.ts';
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
  stop: (control) => askToStop(control, { hard: false }),
  'stop-hard': (control) => askToStop(control, { hard: true }),
  restart: (control) => askToRestart(control, { hard: false }),
  'restart-hard': (control) => askToRestart(control, { hard: true }),
  answer: (control) => openJoinRequest(control),
  dial: (control) =>
    control.execute({ kind: 'dial.now' }, { onOk: () => control.toast('info', trusted('Retrying.')) }),
} satisfies Partial<Record<ActionId, Act>>;

function ignoreAll(control: UiContext): void {
  const on = control.data().status?.ignoringAll !== true;
  if (!on) {
    const onOk = () => control.toast('good', trusted('No longer ignoring all peers.'));
    return control.execute({ kind: 'all.ignore', on }, { onOk });
  }
  askToConfirm(control, {
    title: trusted('Ignore all peers?'),
    lines: [trusted('New messages to and from all peers are dropped and counted until you press I again.')],
    yes: trusted('Ignore all'),
    command: { kind: 'all.ignore', on },
    done: trusted('Ignoring all peers. Press I to undo.'),
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
    ? [trusted('It is disconnected at once and must be accepted again.')]
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

function askToStop(control: UiContext, { hard }: { readonly hard: boolean }): void {
  askToConfirm(control, {
    title: trusted(hard ? 'Stop the connector now?' : 'Stop the connector?'),
    lines: [
      trusted(
        hard
          ? 'All connections are closed now. Queued messages are not sent first.'
          : 'Messages queued for connected peers are sent first. Then all connections are closed.',
      ),
      trusted('Local programs cannot send until you start it again. aioc itself keeps running.'),
    ],
    yes: trusted('Stop'),
    command: { kind: 'connector.stop', hard },
    done: trusted('Connector stopped. Press r to start it.'),
  });
}

function askToRestart(control: UiContext, { hard }: { readonly hard: boolean }): void {
  askToConfirm(control, {
    title: trusted(hard ? 'Restart the connector now?' : 'Restart the connector?'),
    lines: [trusted('All connections are closed and re-established automatically.')],
    yes: trusted('Restart'),
    command: { kind: 'connector.restart', hard },
    done: trusted('Connector restarted.'),
  });
}
