import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Appended, BatchSource, Store, StoredRecord, StreamStat } from './store.ts';
import { StreamTail } from './stream-tail.ts';

/**
 * A store that remembers what was appended a moment ago: most often that is read at once, and then need not come from the
 * disk again. What it remembers is what the store has confirmed, and nothing else.
 */
export class TailCacheStore implements Store {
  readonly #store: Store;
  readonly #clock: Clock;
  /** The stream that was appended to last comes last. */
  readonly #tails = new Map<string, StreamTail>();
  /** How often a stream has been purged: what was on its way into it before that is not remembered. */
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
    // Nothing of the stream lies between what came before and the first of these.
    const tail = this.#tails.get(stream) ?? new StreamTail(first - 1);
    this.#tails.delete(stream);
    this.#tails.set(stream, tail);
    const atMs = this.#clock.wallNow();
    // Of a repetition only the end was appended.
    const known = batch.length - positions.length;
    for (const [index, position] of positions.entries())
      tail.add({ position, payload: batch[known + index] as Buffer, atMs });
    if (this.#tails.size > LIMITS.storeTails) this.#tails.delete(this.#tails.keys().next().value as string);
  }
}
