/** The actions for a connector with a configuration file, as in `aioc cli`. */
import { askToConfirm } from '../dialogs/confirm.ts';
import { askToType } from '../dialogs/typed-confirm.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import type { UiContext } from './ui-context.ts';

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

export function startConnector(control: UiContext): void {
  const onOk = (): void => control.toast('good', trusted('Connector started.'));
  control.execute({ kind: 'connector.start' }, { onOk });
}

export function askToStop(control: UiContext, { hard }: { readonly hard: boolean }): void {
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

export function askToRestart(control: UiContext, { hard }: { readonly hard: boolean }): void {
  askToConfirm(control, {
    title: trusted(hard ? 'Restart the connector now?' : 'Restart the connector?'),
    lines: [trusted('All connections are closed and re-established automatically.')],
    yes: trusted('Restart'),
    command: { kind: 'connector.restart', hard },
    done: trusted('Connector restarted.'),
  });
}
