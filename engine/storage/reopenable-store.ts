import { AiocError } from '../base/errors.ts';
import type { Appended, Batch, BatchSource, SourceMark, Store, StoredBatch, StreamStat } from './store.ts';

/**
 * A store that opens after its users were created, and again after each stop, as a connector's store does. While it is
 * closed, calls fail with AIOC_CANCELLED.
 */
export class ReopenableStore implements Store {
  readonly #make: () => Promise<Store>;
  #opened: Store | undefined;

  constructor(make: () => Promise<Store>) {
    this.#make = make;
  }

  /** @throws AiocError as the opened store throws; this store stays closed then */
  async open(): Promise<void> {
    this.#opened ??= await this.#make();
  }

  /** @throws AiocError AIOC_CANCELLED while it is closed */
  identity(stream: string): string {
    return this.#store.identity(stream);
  }

  async append(stream: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended> {
    return this.#store.append(stream, batches, source);
  }

  async read(stream: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#store.read(stream, after, maxBytes);
  }

  async ack(stream: string, upTo: number): Promise<void> {
    return this.#store.ack(stream, upTo);
  }

  async marks(stream: string, sender?: string): Promise<readonly SourceMark[]> {
    return this.#store.marks(stream, sender);
  }

  async forgetMark(stream: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void> {
    return this.#store.forgetMark(stream, mark);
  }

  async stat(stream: string): Promise<StreamStat> {
    return this.#store.stat(stream);
  }

  async streams(): Promise<readonly string[]> {
    return this.#store.streams();
  }

  async purge(stream: string): Promise<number> {
    return this.#store.purge(stream);
  }

  async close(): Promise<void> {
    const store = this.#opened;
    this.#opened = undefined;
    await store?.close();
  }

  get #store(): Store {
    if (this.#opened === undefined) throw new AiocError('AIOC_CANCELLED', 'the queues are closed');
    return this.#opened;
  }
}
