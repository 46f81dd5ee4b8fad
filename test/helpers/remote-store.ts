import { AiocError } from '../../engine/base/errors.ts';
import type { Clock, Randomness } from '../../engine/base/ports.ts';
import { MemoryStore } from '../../engine/storage/memory-store.ts';
import type {
  Appended,
  Batch,
  BatchSource,
  SourceMark,
  Store,
  StoredBatch,
  StreamStat,
} from '../../engine/storage/store.ts';

/** Batches that one answer of it has at most. */
const ANSWER_BATCHES = 7;
/** A position is the batch's number in the log, times this, plus the message's index in the batch. */
const POSITIONS_PER_BATCH = 4_096;
/** Others write to the same log, so a stream's numbers are large and have gaps. */
const LOG_STEP = 1_000_003;

export interface RemoteStoreOptions {
  readonly clock: Clock;
  readonly random: Pick<Randomness, 'fraction'>;
  /** How often an append with a source fails with AIOC_STORE_AWAY; half of these appends have taken place. Default: 0. */
  readonly doubt?: number;
}

/**
 * A store with the manners of one on other machines: answers come late, calls of a stream are done in the order in which
 * they were made, an answer has few batches, positions are large and have gaps, and now and then nobody knows whether an
 * append took place.
 */
export class RemoteStore implements Store {
  readonly #store: MemoryStore;
  readonly #random: Pick<Randomness, 'fraction'>;
  readonly #doubt: number;
  #line: Promise<unknown> = Promise.resolve();

  constructor({ clock, random, doubt = 0 }: RemoteStoreOptions) {
    this.#store = new MemoryStore(
      clock,
      (last) => (Math.floor(last / POSITIONS_PER_BATCH) + LOG_STEP) * POSITIONS_PER_BATCH,
    );
    this.#random = random;
    this.#doubt = doubt;
  }

  identity(): string {
    return this.#store.identity();
  }

  append(stream: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended> {
    const luck = source === undefined ? 1 : this.#random.fraction();
    return this.#later(async () => {
      if (luck < this.#doubt / 2) throw away();
      const appended = await this.#store.append(stream, batches, source);
      if (luck < this.#doubt) throw away();
      return appended;
    });
  }

  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#later(async () =>
      (await this.#store.read(stream, after, maxBytes)).slice(0, ANSWER_BATCHES),
    );
  }

  ack(stream: string, upTo: number): Promise<void> {
    return this.#later(() => this.#store.ack(stream, upTo));
  }

  marks(stream: string, sender?: string): Promise<readonly SourceMark[]> {
    return this.#later(() => this.#store.marks(stream, sender));
  }

  forgetMark(stream: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void> {
    return this.#later(() => this.#store.forgetMark(stream, mark));
  }

  stat(stream: string): Promise<StreamStat> {
    return this.#later(() => this.#store.stat(stream));
  }

  streams(): Promise<readonly string[]> {
    return this.#later(() => this.#store.streams());
  }

  purge(stream: string): Promise<number> {
    return this.#later(() => this.#store.purge(stream));
  }

  close(): Promise<void> {
    return this.#later(() => this.#store.close());
  }

  #later<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#line.then(async () => {
      for (let turns = this.#random.fraction() * 8; turns > 0; turns -= 1) await undefined;
      return action();
    });
    // The way back takes its time as well; no answer overtakes another.
    const answer = turn.finally(async () => {
      for (let turns = this.#random.fraction() * 8; turns > 0; turns -= 1) await undefined;
    });
    this.#line = answer.catch(() => undefined);
    return answer;
  }
}

function away(): AiocError {
  return new AiocError('AIOC_STORE_AWAY', 'the store did not answer: whether it appended is unknown');
}
