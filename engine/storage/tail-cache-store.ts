import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Appended, Batch, BatchSource, SourceMark, Store, StoredBatch, StreamStat } from './store.ts';
import { StreamTail } from './stream-tail.ts';

/**
 * Caches the latest appends of each stream, since they are usually read at once. It caches only what the store has
 * confirmed. If an append fails, or another writer has appended, the cache of the stream starts again.
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

  async append(stream: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended> {
    const purges = this.#purges.get(stream);
    try {
      const appended = await this.#store.append(stream, batches, source);
      if (purges === this.#purges.get(stream)) this.#remember(stream, { batches, source }, appended);
      return appended;
    } catch (error) {
      // It may have taken place.
      this.#tails.delete(stream);
      throw error;
    }
  }

  async read(stream: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#tails.get(stream)?.read(after, maxBytes) ?? this.#store.read(stream, after, maxBytes);
  }

  ack(stream: string, upTo: number): Promise<void> {
    this.#tails.get(stream)?.forget(upTo);
    return this.#store.ack(stream, upTo);
  }

  marks(stream: string, sender?: string): Promise<readonly SourceMark[]> {
    return this.#store.marks(stream, sender);
  }

  forgetMark(stream: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void> {
    return this.#store.forgetMark(stream, mark);
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

  #remember(
    stream: string,
    { batches, source }: { readonly batches: readonly Batch[]; readonly source: BatchSource | undefined },
    { positions, previous }: Appended,
  ): void {
    let tail = this.#tails.get(stream);
    this.#tails.delete(stream);
    // Messages that this cache has not seen are missing in it.
    if (tail !== undefined && previous > tail.lastPosition) tail = undefined;
    if (tail === undefined && positions.length === 0) return;
    tail ??= new StreamTail(previous);
    this.#tails.set(stream, tail);
    const atMs = this.#clock.wallNow();
    let seq = source?.firstSeq ?? 0;
    for (const [index, position] of positions.entries()) {
      const { count, head, records } = batches[index] as Batch;
      const from = source && { seq, sender: source.sender, epoch: source.epoch };
      tail.add({ position, count, head, records, atMs, ...from });
      seq += count;
    }
    if (this.#tails.size > LIMITS.storeTails) this.#tails.delete(this.#tails.keys().next().value as string);
  }
}
