import { AiocError } from '../base/errors.ts';
import type { Timer } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import type { PeerRow, Status } from '../contract/views.ts';
import { attachSocketPath, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { attachAt } from './attach.ts';

/** What the screen of a connector shows at this moment. */
export interface ConnectorSnapshot {
  readonly status: Status;
  readonly peers: readonly PeerRow[];
}

/** As many peers as are listed of a connector that is looked at once. */
const PEERS_SHOWN = 1_000;

/**
 * Looks once at a connector through its contract, as an attached screen would.
 *
 * @param entry which connector, as in active_connectors.json
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
      const late = new AiocError('AIOC_TIMEOUT', `the connector showed nothing within ${timeoutMs} ms`);
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
