import { LIMITS } from '../base/limits.ts';
import type { OutboxBatch } from '../queues/outbox-batch.ts';
import type { SentQueue } from './sent-queue.ts';

/** Makes the queue of a type; `lane`: one beside it, see SentQueues. */
export type MakeQueue = (type: string, lane: number | undefined) => SentQueue;

/**
 * One peer's outboxes: one for each message type, in which messages keep their order. A message whose file says that
 * others may overtake it goes into a lane: another outbox of its type, with numbers of its own, so that only messages of
 * the same lane wait for its file.
 */
export class SentQueues {
  readonly #make: MakeQueue;
  readonly #main = new Map<string, SentQueue>();
  readonly #lanes = new Map<string, SentQueue[]>();
  /** All of them, in the order in which they were made. */
  readonly #all: SentQueue[] = [];
  readonly #byEpoch = new Map<string, SentQueue>();

  constructor(make: MakeQueue) {
    this.#make = make;
  }

  get all(): readonly SentQueue[] {
    return this.#all;
  }

  /** The queue of a batch. */
  for(type: string, { body }: Pick<OutboxBatch, 'body'>): SentQueue {
    return body?.anyOrder === true ? this.#emptiestLane(type) : this.main(type);
  }

  main(type: string): SentQueue {
    const known = this.#main.get(type);
    if (known !== undefined) return known;
    const queue = this.#add(type, undefined);
    this.#main.set(type, queue);
    return queue;
  }

  /** @param index below LIMITS.fileLanes */
  lane(type: string, index: number): SentQueue {
    const lanes = this.#lanes.get(type) ?? [];
    this.#lanes.set(type, lanes);
    const known = lanes[index];
    if (known !== undefined) return known;
    const queue = this.#add(type, index);
    lanes[index] = queue;
    return queue;
  }

  /** The queues of a type that exist. */
  ofType(type: string): readonly SentQueue[] {
    const main = this.#main.get(type);
    // Lanes may have been made out of order, after a restart.
    const lanes = (this.#lanes.get(type) ?? []).filter((queue) => queue !== undefined);
    return main === undefined ? lanes : [main, ...lanes];
  }

  /** The queue of which messages of this epoch were sent in this run. */
  ofEpoch(epoch: string): SentQueue | undefined {
    return this.#byEpoch.get(epoch);
  }

  sent(epoch: string, queue: SentQueue): void {
    this.#byEpoch.set(epoch, queue);
  }

  #emptiestLane(type: string): SentQueue {
    let [least, index] = [Number.POSITIVE_INFINITY, 0];
    for (let lane = 0; lane < LIMITS.fileLanes; lane += 1) {
      const depth = this.#lanes.get(type)?.[lane]?.outbox.depth ?? 0;
      if (depth >= least) continue;
      [least, index] = [depth, lane];
    }
    return this.lane(type, index);
  }

  #add(type: string, lane: number | undefined): SentQueue {
    const queue = this.#make(type, lane);
    this.#all.push(queue);
    return queue;
  }
}
