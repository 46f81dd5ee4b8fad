import type { Appended, BatchSource, Store, StoredRecord, StreamStat } from './store.ts';

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

  append(stream: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended> {
    return this.#of(stream).append(stream, batch, source);
  }

  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]> {
    return this.#of(stream).read(stream, after, maxBytes);
  }

  ack(stream: string, upTo: number): Promise<void> {
    return this.#of(stream).ack(stream, upTo);
  }

  lastSource(stream: string): Promise<ReadonlyMap<string, number>> {
    return this.#of(stream).lastSource(stream);
  }

  forgetSource(stream: string, epoch: string): Promise<void> {
    return this.#of(stream).forgetSource(stream, epoch);
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
