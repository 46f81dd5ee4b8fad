import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Appended, BatchSource, Store, StoredRecord, StreamStat } from './store.ts';
import { StreamTail } from './stream-tail.ts';

/**
 * Caches the latest appends of each stream, since they are usually read at once. It caches only what the store has
 * confirmed.
 */
export class TailCacheStore implements Store {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Ordered by the last append, latest last. */
  readonly #tails = new Map<string, StreamTail>();
  /** How often a stream was purged. Appends that started before a purge are not cached. */
  readonly #purges = new Map<string, number>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  identity(stream: string): string {
    return this.#store.identity(stream);
  }

  async append(stream: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended> {
    const purges = this.#purges.get(stream);
    const appended = await this.#store.append(stream, batch, source);
    if (purges === this.#purges.get(stream)) this.#remember(stream, batch, appended.positions);
    return appended;
  }

  async read(stream: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]> {
    return this.#tails.get(stream)?.read(after, maxBytes) ?? this.#store.read(stream, after, maxBytes);
  }

  ack(stream: string, upTo: number): Promise<void> {
    this.#tails.get(stream)?.forget(upTo);
    return this.#store.ack(stream, upTo);
  }

  lastSource(stream: string): Promise<ReadonlyMap<string, number>> {
    return this.#store.lastSource(stream);
  }

  forgetSource(stream: string, epoch: string): Promise<void> {
    return this.#store.forgetSource(stream, epoch);
  }

  stat(stream: string): Promise<StreamStat> {
    return this.#store.stat(stream);
  }

  streams(): Promise<readonly string[]> {
    return this.#store.streams();
  }

  purge(stream: string): Promise<number> {
    this.#tails.delete(stream);
    this.#purges.set(stream, (this.#purges.get(stream) ?? 0) + 1);
    return this.#store.purge(stream);
  }

  close(): Promise<void> {
    this.#tails.clear();
    return this.#store.close();
  }

  #remember(stream: string, batch: readonly Buffer[], positions: readonly number[]): void {
    const [first] = positions;
    if (first === undefined) return;
    // The stream has no records between the earlier ones and the first of these.
    const tail = this.#tails.get(stream) ?? new StreamTail(first - 1);
    this.#tails.delete(stream);
    this.#tails.set(stream, tail);
    const atMs = this.#clock.wallNow();
    // Of a partial duplicate, only the end was appended.
    const known = batch.length - positions.length;
    for (const [index, position] of positions.entries())
      tail.add({ position, payload: batch[known + index] as Buffer, atMs });
    if (this.#tails.size > LIMITS.storeTails) this.#tails.delete(this.#tails.keys().next().value as string);
  }
}
