import type { Appended, Batch, BatchSource, SourceMark, Store, StoredBatch, StreamStat } from './store.ts';

export interface RoutedStoreOptions {
  /** For streams that survive the program. */
  readonly durable: Store;
  /** For all other streams. */
  readonly passing: Store;
  readonly isDurable: (stream: string) => boolean;
}

/** Combines two stores: a stream's name decides which store has it. */
export class RoutedStore implements Store {
  readonly #options: RoutedStoreOptions;

  constructor(options: RoutedStoreOptions) {
    this.#options = options;
  }

  identity(stream: string): string {
    return this.#of(stream).identity(stream);
  }

  append(stream: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended> {
    return this.#of(stream).append(stream, batches, source);
  }

  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#of(stream).read(stream, after, maxBytes);
  }

  ack(stream: string, upTo: number): Promise<void> {
    return this.#of(stream).ack(stream, upTo);
  }

  marks(stream: string, sender?: string): Promise<readonly SourceMark[]> {
    return this.#of(stream).marks(stream, sender);
  }

  forgetMark(stream: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void> {
    return this.#of(stream).forgetMark(stream, mark);
  }

  stat(stream: string): Promise<StreamStat> {
    return this.#of(stream).stat(stream);
  }

  /** Includes streams that were durable in an earlier configuration. */
  async streams(): Promise<readonly string[]> {
    const { durable, passing } = this.#options;
    return [...new Set([...(await durable.streams()), ...(await passing.streams())])];
  }

  purge(stream: string): Promise<number> {
    return this.#of(stream).purge(stream);
  }

  async close(): Promise<void> {
    await this.#options.durable.close();
    await this.#options.passing.close();
  }

  #of(stream: string): Store {
    const { durable, passing, isDurable } = this.#options;
    return isDurable(stream) ? durable : passing;
  }
}
