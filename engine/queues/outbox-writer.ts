import { nextMicrotask } from '../base/batching.ts';
import type { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { Batch, Store } from '../storage/store.ts';
import type { Completion, OutboxBatch } from './outbox-batch.ts';
import { outboxHead } from './outbox-head.ts';
import { persistentAppend } from './persistent-append.ts';

/** Messages that are not in the store yet. */
export interface PendingBatch {
  readonly batch: OutboxBatch;
  readonly completion: Completion;
  /** Their sender cannot receive a refusal: storing is retried until it succeeds. */
  readonly persists: boolean;
}

/** A stored batch, and where it is. */
export interface StoredPlace {
  /** Of the first message. */
  readonly number: MessageNumber;
  readonly position: number;
}

export interface OutboxWriterOptions {
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  /** The numbers of messages, in the order of storing: a receiver takes a lower number for a repetition. */
  readonly number: (count: number) => MessageNumber;
  /** They are stored at these places, in order. */
  readonly stored: (batches: readonly PendingBatch[], places: readonly StoredPlace[]) => void;
  /** None of them is in the store. */
  readonly refused: (batches: readonly PendingBatch[], error: unknown) => void;
}

/**
 * Stores the messages of one turn together. Several appends may be in progress, but only one of messages that persist:
 * no message behind it may overtake it when it is retried.
 */
export class OutboxWriter {
  readonly #options: OutboxWriterOptions;
  #pending: PendingBatch[] = [];
  #persisting: PendingBatch[] = [];
  #isPersisting = false;
  #trouble: string | undefined;
  /** Appends that are in progress or waiting. */
  #arriving = 0;
  #onArrived: (() => void)[] = [];
  #onStoring: (() => void)[] = [];

  constructor(options: OutboxWriterOptions) {
    this.#options = options;
  }

  /** Whether messages are being stored. */
  get isBusy(): boolean {
    return this.#arriving > 0;
  }

  /** Why the store accepts nothing at the moment, while messages persist. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves when one more append is stored or refused. */
  arrived(): Promise<void> {
    return new Promise((resolve) => this.#onArrived.push(resolve));
  }

  /** Resolves when the store accepts messages again; undefined: it does. */
  whenStoring(): Promise<void> | undefined {
    if (this.#trouble === undefined) return undefined;
    return new Promise((resolve) => this.#onStoring.push(resolve));
  }

  /** Resolves when nothing is being stored, or the store accepts nothing. */
  async settled(): Promise<void> {
    while (this.isBusy && this.#trouble === undefined) await this.arrived();
  }

  add(pending: PendingBatch): void {
    this.#arriving += 1;
    if (pending.persists) {
      this.#persisting.push(pending);
      if (!this.#isPersisting) {
        this.#isPersisting = true;
        nextMicrotask(() => void this.#persist());
      }
      return;
    }
    if (this.#pending.length === 0) nextMicrotask(() => this.#store());
    this.#pending.push(pending);
  }

  #store(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const batches of appendsOf(pending)) {
      const { places, appended } = this.#append(batches);
      appended.then(
        ({ positions }) => this.#stored(batches, places, positions),
        (error: unknown) => this.#refused(batches, error),
      );
    }
  }

  async #persist(): Promise<void> {
    const { clock } = this.#options;
    while (this.#persisting.length > 0) {
      const [batches = []] = appendsOf(this.#persisting);
      this.#persisting.splice(0, batches.length);
      let numbers: readonly MessageNumber[] = [];
      try {
        const { positions } = await persistentAppend({
          clock,
          append: () => {
            const attempt = this.#append(batches);
            numbers = attempt.places;
            return attempt.appended;
          },
          isPassing,
          onTrouble: (message) => this.#setTrouble(message),
        });
        this.#setTrouble(undefined);
        this.#stored(batches, numbers, positions);
      } catch (error) {
        this.#setTrouble(undefined);
        this.#refused(batches, error);
      }
    }
    this.#isPersisting = false;
  }

  /** Each attempt has its own numbers. */
  #append(batches: readonly PendingBatch[]): {
    readonly places: readonly MessageNumber[];
    readonly appended: ReturnType<Store['append']>;
  } {
    const { store, stream, number } = this.#options;
    const places: MessageNumber[] = [];
    const stored: Batch[] = [];
    for (const { batch } of batches) {
      const first = number(batch.count);
      places.push(first);
      stored.push({ count: batch.count, head: outboxHead(first), records: batch.records });
    }
    return { places, appended: store.append(stream, stored) };
  }

  #setTrouble(trouble: string | undefined): void {
    this.#trouble = trouble;
    const waiting = trouble === undefined ? this.#onStoring : this.#onArrived;
    for (const resolve of waiting.splice(0)) resolve();
  }

  #stored(
    batches: readonly PendingBatch[],
    numbers: readonly MessageNumber[],
    positions: readonly number[],
  ): void {
    this.#ended(batches);
    const places = numbers.map((number, index) => ({ number, position: positions[index] as number }));
    this.#options.stored(batches, places);
  }

  #refused(batches: readonly PendingBatch[], error: unknown): void {
    this.#ended(batches);
    this.#options.refused(batches, error);
  }

  #ended(batches: readonly PendingBatch[]): void {
    this.#arriving -= batches.length;
    if (this.#onArrived.length > 0) for (const resolve of this.#onArrived.splice(0)) resolve();
  }
}

/** Whether the disk may accept the messages later. After AIOC_STORE_AWAY, repeating them could store them twice. */
function isPassing({ code }: AiocError): boolean {
  return code === 'AIOC_DISK_FULL' || code === 'AIOC_DISK';
}

/** Splits batches into appends; a large one is alone, since a refusal affects its whole append. */
function* appendsOf(pending: readonly PendingBatch[]): Iterable<readonly PendingBatch[]> {
  let first = 0;
  let bytes = 0;
  for (const [index, { batch }] of pending.entries()) {
    bytes += batch.records.length;
    if (index === first || bytes <= LIMITS.outboxBatchBytes) continue;
    yield pending.slice(first, index);
    first = index;
    bytes = batch.records.length;
  }
  if (first < pending.length) yield pending.slice(first);
}
