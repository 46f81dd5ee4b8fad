/** What a connector with a configuration file can be told, as `aioc cli` tells it. */
import { askToConfirm } from '../dialogs/confirm.ts';
import { askToType } from '../dialogs/typed-confirm.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import type { UiContext } from './ui-context.ts';

/** On a server: the selected client's. On a client: its own. */
export function askToDeleteCertificate(control: UiContext): void {
  const { peer, data } = control.context();
  const { status } = data;
  if (peer === undefined || status === undefined) return;
  const isServer = status.role === 'server';
  const name = isServer ? peer.wireName : status.ownName;
  const lines: readonly SafeText[] = isServer
    ? [trusted('It is cut off at once and must be accepted anew.')]
    : [
        safe`It is the certificate of this side. ${name} asks for a new one with the default certificate, and gets it only when the server has deleted the old one, too.`,
      ];
  askToType(control, {
    title: safe`Delete ${name}’s certificate?`,
    lines,
    expected: name,
    yes: trusted('Delete'),
    command: { kind: 'certificate.delete', peer: peer.id },
    done: safe`The certificate of ${name}`,
  });
}

export function startConnector(control: UiContext): void {
  const onOk = (): void => control.toast('good', trusted('The connector runs again.'));
  control.execute({ kind: 'connector.start' }, { onOk });
}

export function askToStop(control: UiContext, { hard }: { readonly hard: boolean }): void {
  askToConfirm(control, {
    title: trusted(hard ? 'Stop the connector at once?' : 'Stop the connector?'),
    lines: [
      trusted(
        hard
          ? 'Connections are closed now, whatever waits in the queues.'
          : 'What waits for connected peers is sent first. Then all connections are closed.',
      ),
      trusted('Programs of this machine cannot send until it is started again. aioc itself stays open.'),
    ],
    yes: trusted('Stop'),
    command: { kind: 'connector.stop', hard },
    done: trusted('The connector is stopped. r starts it again.'),
  });
}

export function askToRestart(control: UiContext, { hard }: { readonly hard: boolean }): void {
  askToConfirm(control, {
    title: trusted(hard ? 'Restart the connector at once?' : 'Restart the connector?'),
    lines: [trusted('All connections are closed, and come back by themselves.')],
    yes: trusted('Restart'),
    command: { kind: 'connector.restart', hard },
    done: trusted('The connector has been restarted.'),
  });
}
