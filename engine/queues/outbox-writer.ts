import { soon } from '../base/end-of-turn.ts';
import { LIMITS } from '../base/limits.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { Store } from '../storage/store.ts';
import type { OutMessage } from './out-message.ts';
import type { Offerer } from './outbox-entry.ts';

/** A message that is not in the store yet. */
export interface Unplaced {
  readonly message: OutMessage;
  readonly number: MessageNumber;
  readonly payload: Buffer;
  readonly offerer: Offerer;
}

export interface OutboxWriterOptions {
  readonly stream: string;
  readonly store: Store;
  /** They are in the store at these positions, in their order. */
  readonly placed: (batch: readonly Unplaced[], positions: readonly number[]) => void;
  /** None of them is in the store. */
  readonly refused: (batch: readonly Unplaced[], error: unknown) => void;
}

/** Brings what is offered in one turn into the store together. Several batches may be on their way at once. */
export class OutboxWriter {
  readonly #options: OutboxWriterOptions;
  #unasked: Unplaced[] = [];
  #arriving = 0;
  #onArrived: (() => void)[] = [];

  constructor(options: OutboxWriterOptions) {
    this.#options = options;
  }

  /** Whether some are on their way into the store. */
  get isBusy(): boolean {
    return this.#arriving > 0;
  }

  /** Resolves when one more batch has got there, or has been refused. */
  arrived(): Promise<void> {
    return new Promise((resolve) => this.#onArrived.push(resolve));
  }

  add(message: Unplaced): void {
    this.#arriving += 1;
    if (this.#unasked.length === 0) soon(() => this.#store());
    this.#unasked.push(message);
  }

  #store(): void {
    const { store, stream } = this.#options;
    const unasked = this.#unasked;
    this.#unasked = [];
    for (const batch of batchesOf(unasked)) {
      store
        .append(
          stream,
          batch.map(({ payload }) => payload),
        )
        .then(
          ({ positions }) => {
            this.#ended(batch.length);
            this.#options.placed(batch, positions);
          },
          (error: unknown) => {
            this.#ended(batch.length);
            this.#options.refused(batch, error);
          },
        );
    }
  }

  #ended(count: number): void {
    this.#arriving -= count;
    for (const resolve of this.#onArrived.splice(0)) resolve();
  }
}

/** As many as the store is given at once; one that is large alone, since all of a batch is refused with one of it. */
function* batchesOf(messages: readonly Unplaced[]): Iterable<readonly Unplaced[]> {
  let first = 0;
  let bytes = 0;
  for (const [index, { payload }] of messages.entries()) {
    bytes += payload.length;
    if (index === first || bytes <= LIMITS.outboxBatchBytes) continue;
    yield messages.slice(first, index);
    first = index;
    bytes = payload.length;
  }
  if (first < messages.length) yield messages.slice(first);
}
