import { AiocError } from '../base/errors.ts';
import type { Timer } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import type { PeerRow, Status } from '../contract/views.ts';
import { attachSocketPath, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { attachAt } from './attach.ts';

/** The current status and peers of a connector. */
export interface ConnectorSnapshot {
  readonly status: Status;
  readonly peers: readonly PeerRow[];
}

/** Maximum number of peers in a snapshot. */
const PEERS_SHOWN = 1_000;

/**
 * Attaches to a connector, reads its status and peers once, and detaches.
 *
 * @param entry the connector's entry in active_connectors.json
 * @throws AiocError as `attach`, and AIOC_TIMEOUT
 */
export async function readSnapshot(
  directory: string,
  entry: string,
  timeoutMs: number,
): Promise<ConnectorSnapshot> {
  let timer: Timer | undefined;
  const engine = await attachAt(attachSocketPath(directory, parseActiveConnectorEntry(entry)));
  try {
    return await new Promise((resolve, reject) => {
      let status: Status | undefined;
      let peers: readonly PeerRow[] | undefined;
      const look = (): void => {
        if (status !== undefined && peers !== undefined) resolve({ status, peers });
      };
      const late = new AiocError(
        'AIOC_TIMEOUT',
        `the connector did not send its status within ${timeoutMs} ms; it may be overloaded`,
      );
      timer = realClock().after(timeoutMs, () => reject(late));
      engine.onClose((why) => reject(why ?? late));
      engine.open({ pane: 'status' }, (update) => {
        if (update.pane === 'status') status = update.status;
        look();
      });
      const list = { filter: '', sort: 'waiting', descending: true, offset: 0, rows: PEERS_SHOWN } as const;
      engine.open({ pane: 'peers', ...list }, (update) => {
        if (update.pane === 'peers') peers = update.rows;
        look();
      });
    });
  } finally {
    timer?.cancel();
    await engine.close();
  }
}
