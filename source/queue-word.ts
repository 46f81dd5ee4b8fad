import { sanitize } from '../components/terminal/sanitize.ts';
import type { Blocked, QueueRow } from '../engine/contract/views.ts';

/** A queue as a command line names it: `out/press-3/event`, `in/order`. */
export function queueWord({ direction, peer, peerName, type }: QueueRow): string {
  return sanitize(
    direction === 'in' && peer === undefined ? `in/${type}` : `${direction}/${peerName}/${type}`,
  );
}

/** What scripts learn of a queue. */
export interface QueueJson
  extends Partial<Pick<QueueRow, 'stored' | 'ackLagMs' | 'drainSeconds' | 'dropped'>> {
  readonly queue: string;
  readonly depth: number;
  readonly bytes: number;
  /** ISO 8601. */
  readonly oldest?: string;
  readonly inRate: number;
  readonly outRate: number;
  readonly stuck?: Pick<Blocked, 'code' | 'remedy'> & { readonly reason: string };
}

export function queueJson(row: QueueRow): QueueJson {
  const { depth, bytes, oldestAtMs, inRate, outRate, blocked } = row;
  return {
    ...{ queue: queueWord(row), depth, bytes },
    ...(row.stored !== undefined && { stored: row.stored }),
    ...(oldestAtMs !== undefined && { oldest: new Date(oldestAtMs).toISOString() }),
    ...{ inRate, outRate },
    ...(row.ackLagMs !== undefined && { ackLagMs: row.ackLagMs }),
    ...(row.drainSeconds !== undefined && { drainSeconds: row.drainSeconds }),
    ...(row.dropped !== undefined && { dropped: row.dropped }),
    ...(blocked !== undefined && {
      stuck: {
        ...{ code: blocked.code, reason: blocked.text },
        ...(blocked.remedy !== undefined && { remedy: blocked.remedy }),
      },
    }),
  };
}
