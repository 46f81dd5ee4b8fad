import { AiocError } from '../base/errors.ts';
import type { Timer } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import type { ViewSubscription } from '../contract/engine-api.ts';
import type { PeerRow, QueueRow, Status, Update } from '../contract/views.ts';
import { attachSocketPath, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { type AttachedEngine, attachAt } from './attach.ts';

/** The current status, peers and queues of a connector. */
export interface ConnectorSnapshot {
  readonly status: Status;
  /** Those with most that waits. */
  readonly peers: readonly PeerRow[];
  /** The longest ones. */
  readonly queues: readonly QueueRow[];
}

/** Maximum number of peers, and of queues, in a snapshot. */
const ROWS = 1_000;

/**
 * Attaches to a connector, reads its status, peers and queues once, and detaches.
 *
 * @param entry the connector's entry in active_connectors.json
 * @throws AiocError as `attach`, and AIOC_TIMEOUT
 */
export async function readSnapshot(
  directory: string,
  entry: string,
  timeoutMs: number,
): Promise<ConnectorSnapshot> {
  const engine = await attachAt(attachSocketPath(directory, parseActiveConnectorEntry(entry)));
  try {
    return await new Promise((resolve, reject) => {
      engine.onClose((why) => why !== undefined && reject(why));
      snapshotOf(engine, timeoutMs).then(resolve, reject);
    });
  } finally {
    await engine.close();
  }
}

/**
 * Reads the status, peers and queues of an attached connector once.
 *
 * @throws AiocError AIOC_TIMEOUT, also if the connector stops meanwhile
 */
export async function snapshotOf(engine: AttachedEngine, timeoutMs: number): Promise<ConnectorSnapshot> {
  const views: ViewSubscription[] = [];
  let timer: Timer | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const seen: { -readonly [Part in keyof ConnectorSnapshot]?: ConnectorSnapshot[Part] } = {};
      const look = ({ status, peers, queues } = seen): void => {
        if (status !== undefined && peers !== undefined && queues !== undefined)
          resolve({ status, peers, queues });
      };
      const late = new AiocError(
        'AIOC_TIMEOUT',
        `the connector did not send its status within ${timeoutMs} ms; it may be overloaded`,
      );
      timer = realClock().after(timeoutMs, () => reject(late));
      const onUpdate = (update: Update): void => {
        if (update.pane === 'status') seen.status = update.status;
        if (update.pane === 'peers') seen.peers = update.rows;
        if (update.pane === 'queues') seen.queues = update.rows;
        look();
      };
      const list = { filter: '', descending: true, offset: 0, rows: ROWS } as const;
      views.push(
        engine.open({ pane: 'status' }, onUpdate),
        engine.open({ pane: 'peers', ...list, sort: 'waiting' }, onUpdate),
        engine.open({ pane: 'queues', ...list, sort: 'depth' }, onUpdate),
      );
    });
  } finally {
    timer?.cancel();
    for (const view of views) view.close();
  }
}
