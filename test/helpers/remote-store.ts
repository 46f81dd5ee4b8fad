import type { Randomness } from '../../engine/base/ports.ts';
import type { MemoryStore } from '../../engine/storage/memory-store.ts';
import type { Appended, BatchSource, Store, StoredRecord, StreamStat } from '../../engine/storage/store.ts';

/** Records that one answer of it holds at most. */
const ANSWER_RECORDS = 7;

/**
 * A store with the manners of one on other machines: answers come late, calls of a stream are done in the order in which
 * they were made, an answer holds few records, and positions are large, with gaps.
 */
export class RemoteStore implements Store {
  readonly #store: MemoryStore;
  readonly #random: Pick<Randomness, 'fraction'>;
  #line: Promise<unknown> = Promise.resolve();

  constructor(store: MemoryStore, random: Pick<Randomness, 'fraction'>) {
    this.#store = store;
    this.#random = random;
  }

  identity(): string {
    return this.#store.identity();
  }

  append(stream: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended> {
    return this.#later(async () => {
      const { outcome, position, positions } = await this.#store.append(stream, batch, source);
      return { outcome, position: outward(position), positions: positions.map(outward) };
    });
  }

  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]> {
    return this.#later(async () => {
      const records = await this.#store.read(stream, inward(after), maxBytes);
      return records
        .slice(0, ANSWER_RECORDS)
        .map((record) => ({ ...record, position: outward(record.position) }));
    });
  }

  ack(stream: string, upTo: number): Promise<void> {
    return this.#later(() => this.#store.ack(stream, inward(upTo)));
  }

  lastSource(stream: string): Promise<ReadonlyMap<string, number>> {
    return this.#later(() => this.#store.lastSource(stream));
  }

  forgetSource(stream: string, epoch: string): Promise<void> {
    return this.#later(() => this.#store.forgetSource(stream, epoch));
  }

  stat(stream: string): Promise<StreamStat> {
    return this.#later(async () => {
      const stat = await this.#store.stat(stream);
      return { ...stat, lastPosition: outward(stat.lastPosition) };
    });
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

const STEP = 1_000_003;

function outward(position: number): number {
  return position * STEP;
}

function inward(position: number): number {
  return Math.floor(position / STEP);
}
