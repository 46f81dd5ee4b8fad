import { AiocError } from '../base/errors.ts';
import type { WhenFull } from '../config/shapes.ts';
import { sizeOfParts } from '../storage/store.ts';
import { BatchParts } from './batch-parts.ts';
import type { ExpectedConsumer } from './expected-consumer.ts';
import { droppedOf, type InboxArrival, type IndexRange, laterArrival } from './inbox-arrival.ts';
import { inboxHead } from './inbox-batch.ts';
import type { CheckedBatch } from './message-batch.ts';
import type { LoggedMessages } from './outbox-batch.ts';
import type { OverflowPolicy } from './overflow-policy.ts';

export interface InboxAdmissionOptions {
  readonly overflow: OverflowPolicy;
  readonly expected: ExpectedConsumer;
  readonly whenFull: WhenFull;
  /** They fit. Resolves with how many of them, from the first, were not dropped. */
  readonly keep: (batch: CheckedBatch, arrival: InboxArrival) => Promise<number>;
  /** They do not fit, and may not wait. */
  readonly onDropped: (messages: LoggedMessages) => void;
}

/** Lets messages into an inbox: at once, when there is room, or in parts. */
export class InboxAdmission {
  readonly #options: InboxAdmissionOptions;
  #isReleased = false;

  constructor(options: InboxAdmissionOptions) {
    this.#options = options;
  }

  /** See Inbox.put. */
  put(batch: CheckedBatch, arrival: InboxArrival): Promise<readonly IndexRange[]> {
    const fitting = this.#options.overflow.fitting(batch, besideBytes(batch));
    if (fitting === batch.count)
      return this.#options.keep(batch, arrival).then((kept) => droppedOf(batch, kept));
    if (this.#isReleased) return Promise.reject(stoppingError());
    // A batch that waits stays whole with its sender, so that no message counts here and there.
    return this.#putParts(batch, arrival, this.#mayWait(arrival) ? 0 : fitting);
  }

  /** How many messages of a batch, from the first, an empty inbox has room for; at least one. */
  largestPart(batch: CheckedBatch): number {
    return this.#options.overflow.largestPart(batch, besideBytes(batch));
  }

  /** The connector stops: nothing waits for room any more. */
  release(error: AiocError): void {
    this.#isReleased = true;
    this.#options.overflow.refuseAll(error);
  }

  reopen(): void {
    this.#isReleased = false;
  }

  #mayWait({ senderKeeps = false }: InboxArrival): boolean {
    return (senderKeeps && this.#options.whenFull === 'refuse') || this.#options.expected.isExpected;
  }

  /** @param fitting how many messages, from the first, go in at once */
  async #putParts(
    batch: CheckedBatch,
    arrival: InboxArrival,
    fitting: number,
  ): Promise<readonly IndexRange[]> {
    const parts = new BatchParts(batch);
    const entered: Promise<readonly IndexRange[]>[] = [];
    while (parts.taken < batch.count) {
      const from = parts.taken;
      const isFitting = from === 0 && fitting > 0;
      const part = parts.next(isFitting ? fitting : this.#largestPart(batch, parts));
      const kept = this.#whenRoom(part, laterArrival(arrival, from));
      entered.push(kept.then((count) => droppedOf(part, count, from)));
    }
    return (await Promise.all(entered)).flat();
  }

  #largestPart(batch: CheckedBatch, parts: BatchParts<CheckedBatch>): number {
    return this.#options.overflow.largestPart(parts.rest, besideBytes(batch) + parts.addedBytes);
  }

  /** @returns how many of them, from the first, were not dropped */
  #whenRoom(batch: CheckedBatch, arrival: InboxArrival): Promise<number> {
    const { count, records } = batch;
    return new Promise((resolve, reject) => {
      void this.#options.overflow.whenRoom({
        count,
        sizeBytes: besideBytes(batch) + records.length,
        mayWait: () => this.#mayWait(arrival),
        enter: () => void this.#options.keep(batch, arrival).then(resolve, reject),
        refused: (error) => {
          if (error.code !== 'AIOC_QUEUE_FULL') return reject(error);
          const { logId = 0 } = arrival;
          this.#options.onDropped({ logId, count });
          resolve(0);
        },
      });
    });
  }
}

/** What the store counts for a batch besides its records. */
function besideBytes({ shared }: CheckedBatch): number {
  return sizeOfParts(inboxHead(shared).length, 0);
}

/** Why messages are refused while the connector stops. */
export function stoppingError(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the connector is stopping');
}
