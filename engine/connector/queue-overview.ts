import type { Clock } from '../base/ports.ts';
import type { Status } from '../contract/views.ts';
import type { DiskSpace } from '../files/disk-space.ts';
import type { Peer } from '../peers/peer.ts';
import type { Inbox } from '../queues/inbox.ts';
import type { QueueRules } from '../queues/queue-rules.ts';
import type { BlockedContext } from './blocked.ts';
import { DiskWatch } from './disk-watch.ts';
import { DrainTimes } from './drain-time.ts';
import { inboxRows, queueRows, queueTotals, type UnshownQueue } from './view-rows.ts';

export interface QueueOverviewOptions {
  readonly clock: Clock;
  readonly rules: QueueRules;
  readonly context: BlockedContext;
  readonly space: Pick<DiskSpace, 'room'>;
  /** Whether the chat keeps a queue on disk, by the name of its stream. */
  readonly isKept: (stream: string) => boolean;
  /** The directory whose disk fills first. */
  readonly directory: string;
  readonly peers: () => Iterable<Peer>;
  readonly inboxes: () => Iterable<Inbox>;
  /** Called when what is shown has changed by itself. */
  readonly onChange: () => void;
}

/** All queues of a connector as rows of a screen. */
export class QueueOverview {
  readonly #options: QueueOverviewOptions;
  readonly #drains: DrainTimes;
  readonly #disk: DiskWatch;

  constructor(options: QueueOverviewOptions) {
    this.#options = options;
    this.#drains = new DrainTimes(options.clock);
    this.#disk = new DiskWatch(options);
  }

  /** Unsorted. Each call may take a sample of the rates, see DrainTimes. */
  rows(): readonly UnshownQueue[] {
    const { peers, inboxes, ...about } = this.#options;
    const rows = [...queueRows(peers(), about), ...inboxRows(inboxes(), about)];
    this.#drains.look(rows);
    return rows.map((row) => {
      const drainSeconds = this.#drains.seconds(row);
      return drainSeconds === undefined ? row : { ...row, drainSeconds };
    });
  }
  /** The totals of all queues, the worst of them, and the room on their disk. */
  totals(): ReturnType<typeof queueTotals> & Pick<Status, 'disk'> {
    const rows = this.rows();
    const disk = this.#disk.room({ isRefusing: rows.some(({ blocked }) => blocked?.code === 'disk') });
    return { ...queueTotals(rows), ...(disk !== undefined && { disk }) };
  }
}
