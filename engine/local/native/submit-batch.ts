import { afterMicrotasks } from '../../base/batching.ts';
import { framesOf, type SharedHeader } from '../../protocol/batched-messages.ts';
import type { BatchFacts } from '../../protocol/record-batch.ts';
import type { Completion } from '../../queues/outbox-entry.ts';
import type { LocalBroker } from '../local-broker.ts';

/** A checked batch of a program. */
export interface SubmittedBatch {
  readonly header: SharedHeader;
  readonly count: number;
  readonly records: Buffer;
  readonly facts: BatchFacts;
}

/** Called with ranges of a batch's messages, in order, until all are named. */
export interface BatchCompletion {
  readonly patience?: NonNullable<Completion['patience']>;
  /** The next `count` messages are in the queue; stored, if their type is. */
  kept(count: number): void;
  /** @param error as for `LocalBroker.submit` */
  refused(count: number, error: unknown): void;
}

/** For a broker that takes messages one by one: opens the batch, and joins what becomes of its messages to ranges. */
export function submitBatch(
  broker: LocalBroker,
  { header, count, records }: SubmittedBatch,
  completion: BatchCompletion,
): Promise<void> | undefined {
  const fates = new Fates(count, completion);
  const frames = framesOf(header, records);
  const { patience = 'none' } = completion;
  let index = -1;
  const submitRest = (): Promise<void> | undefined => {
    for (let next = frames.next(); !next.done; next = frames.next()) {
      index += 1;
      const at = index;
      const accepted = broker.submit(next.value, {
        patience,
        kept: () => fates.set(at, KEPT),
        refused: (error) => fates.set(at, { error }),
      });
      if (accepted !== undefined) return accepted.then(submitRest);
    }
    return undefined;
  };
  return submitRest();
}

type Fate = typeof KEPT | { readonly error: unknown };
const KEPT = Symbol('kept');

class Fates {
  readonly #fates: (Fate | undefined)[];
  readonly #completion: BatchCompletion;
  #told = 0;
  #isPlanned = false;

  constructor(count: number, completion: BatchCompletion) {
    this.#fates = new Array<Fate | undefined>(count);
    this.#completion = completion;
  }

  set(index: number, fate: Fate): void {
    this.#fates[index] = fate;
    if (index !== this.#told || this.#isPlanned) return;
    this.#isPlanned = true;
    afterMicrotasks(() => {
      this.#isPlanned = false;
      this.#tell();
    });
  }

  #tell(): void {
    for (let fate = this.#fates[this.#told]; fate !== undefined; fate = this.#fates[this.#told]) {
      const from = this.#told;
      if (fate === KEPT) {
        while (this.#fates[this.#told] === KEPT) this.#told += 1;
        this.#completion.kept(this.#told - from);
      } else {
        this.#told += 1;
        this.#completion.refused(1, fate.error);
      }
    }
  }
}
