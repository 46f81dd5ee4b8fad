import { nextMicrotask } from '../base/batching.ts';
import type { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { Store } from '../storage/store.ts';
import type { OutMessage } from './out-message.ts';
import type { Completion } from './outbox-entry.ts';
import { persistentAppend } from './persistent-append.ts';
import { batchesOf } from './stored-message.ts';

/** A message that is not in the store yet. */
export interface PendingMessage {
  readonly message: OutMessage;
  readonly payload: Buffer;
  readonly completion: Completion;
  /** Assigned on each attempt to store it: see `OutboxWriterOptions.number`. */
  number: MessageNumber | undefined;
  /** Its sender cannot receive a refusal: storing is retried until it succeeds. */
  readonly persists: boolean;
}

export interface OutboxWriterOptions {
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  /** Numbers messages in the order of storing: a receiver takes a lower number for a repetition. */
  readonly number: (message: PendingMessage) => void;
  /** They are stored at these positions, in order. */
  readonly stored: (batch: readonly PendingMessage[], positions: readonly number[]) => void;
  /** None of them is in the store. */
  readonly refused: (batch: readonly PendingMessage[], error: unknown) => void;
}

/**
 * Stores the messages of one turn together. Several batches may be in progress, but only one of messages that persist:
 * no message behind it may overtake it when it is retried.
 */
export class OutboxWriter {
  readonly #options: OutboxWriterOptions;
  #pending: PendingMessage[] = [];
  #persisting: PendingMessage[] = [];
  #isPersisting = false;
  #trouble: string | undefined;
  #arriving = 0;
  #arrivingBytes = 0;
  #onArrived: (() => void)[] = [];
  #onStoring: (() => void)[] = [];

  constructor(options: OutboxWriterOptions) {
    this.#options = options;
  }

  /** Whether messages are being stored. */
  get isBusy(): boolean {
    return this.#arriving > 0;
  }

  /** Messages that are being stored. */
  get arriving(): { readonly count: number; readonly bytes: number } {
    return { count: this.#arriving, bytes: this.#arrivingBytes };
  }

  /** Why the store accepts nothing at the moment, while messages persist. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves when one more batch is stored or refused. */
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

  add(message: PendingMessage): void {
    this.#arriving += 1;
    this.#arrivingBytes += message.payload.length;
    if (message.persists) {
      this.#persisting.push(message);
      if (!this.#isPersisting) {
        this.#isPersisting = true;
        nextMicrotask(() => void this.#persist());
      }
      return;
    }
    if (this.#pending.length === 0) nextMicrotask(() => this.#store());
    this.#pending.push(message);
  }

  #store(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const batch of groupsOf(pending)) {
      this.#append(batch).then(
        ({ positions }) => this.#stored(batch, positions),
        (error: unknown) => this.#refused(batch, error),
      );
    }
  }

  async #persist(): Promise<void> {
    const { clock } = this.#options;
    while (this.#persisting.length > 0) {
      const [batch = []] = groupsOf(this.#persisting);
      this.#persisting.splice(0, batch.length);
      try {
        const { positions } = await persistentAppend({
          clock,
          append: () => this.#append(batch),
          isPassing,
          onTrouble: (message) => this.#setTrouble(message),
        });
        this.#setTrouble(undefined);
        this.#stored(batch, positions);
      } catch (error) {
        this.#setTrouble(undefined);
        this.#refused(batch, error);
      }
    }
    this.#isPersisting = false;
  }

  #append(batch: readonly PendingMessage[]): ReturnType<Store['append']> {
    const { store, stream, number } = this.#options;
    for (const one of batch) number(one);
    return store.append(stream, batchesOf(batch.map(({ payload }) => payload)));
  }

  #setTrouble(trouble: string | undefined): void {
    this.#trouble = trouble;
    const waiting = trouble === undefined ? this.#onStoring : this.#onArrived;
    for (const resolve of waiting.splice(0)) resolve();
  }

  #stored(batch: readonly PendingMessage[], positions: readonly number[]): void {
    this.#ended(batch);
    this.#options.stored(batch, positions);
  }

  #refused(batch: readonly PendingMessage[], error: unknown): void {
    this.#ended(batch);
    this.#options.refused(batch, error);
  }

  #ended(batch: readonly PendingMessage[]): void {
    this.#arriving -= batch.length;
    for (const { payload } of batch) this.#arrivingBytes -= payload.length;
    for (const resolve of this.#onArrived.splice(0)) resolve();
  }
}

/** Whether the disk may accept the messages later. */
function isPassing({ code }: AiocError): boolean {
  return code === 'AIOC_DISK_FULL' || code === 'AIOC_DISK' || code === 'AIOC_STORE_AWAY';
}

/** Splits messages into batches; a large one is alone, since a refusal affects its whole batch. */
function* groupsOf(messages: readonly PendingMessage[]): Iterable<readonly PendingMessage[]> {
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
