import { LIMITS } from '../base/limits.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { parseHeldStream } from '../storage/held-streams.ts';
import type { Store, StoredRecord } from '../storage/store.ts';

export interface HeldMessagesOptions {
  /** Of the queue. */
  readonly stream: string;
  readonly store: Store;
}

/** How many messages, and how many bytes they have. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** What became of messages that were held back. */
export interface Released extends Amount {
  /** The last number that is in the queue now; undefined when none was released. */
  readonly lastSeq: number | undefined;
  /** Numbers between what was there and what was released that nobody will send any more. */
  readonly missing: number;
}

interface Next {
  readonly name: string;
  readonly records: readonly StoredRecord[];
}

const NOTHING = { count: 0, bytes: 0 };

/**
 * Messages that a start of the store has found behind a hole in their sender's numbers. They come into the queue, in
 * order, when it is known that what is missing before them will not come again, or are dropped when they come again
 * themselves. Whatever a crash interrupts is done again at the next start.
 */
export class HeldMessages {
  readonly #options: HeldMessagesOptions;
  /** The names of their streams, by epoch. */
  readonly #names = new Map<string, readonly string[]>();
  readonly #queue = new SerialQueue();

  constructor(options: HeldMessagesOptions) {
    this.#options = options;
  }

  /**
   * Finds what is held back, and forgets of it what is in the queue already.
   *
   * @throws AiocError AIOC_DISK
   */
  async restore(): Promise<Amount> {
    const { store, stream } = this.#options;
    this.#names.clear();
    for (const name of await store.streams()) {
      const held = parseHeldStream(name);
      if (held?.stream !== stream) continue;
      this.#names.set(held.epoch, [...(this.#names.get(held.epoch) ?? []), name]);
    }
    let [count, bytes] = [0, 0];
    const positions = this.#names.size === 0 ? undefined : await store.lastSource(stream);
    for (const [epoch, names] of [...this.#names]) {
      await this.drop(epoch, positions?.get(epoch) ?? 0);
      for (const name of names) {
        const stat = await store.stat(name);
        count += stat.count;
        bytes += stat.bytes;
      }
    }
    return { count, bytes };
  }

  /** Of which some are held back. */
  get epochs(): readonly string[] {
    return [...this.#names.keys()];
  }

  has(epoch: string): boolean {
    return this.#names.size > 0 && this.#names.has(epoch);
  }

  /**
   * Nothing below this number will come any more that is not there.
   *
   * @throws AiocError AIOC_DISK, AIOC_DISK_FULL; the rest stays held back
   */
  release(epoch: string, below: number): Promise<Released> {
    return this.#queue.run(async () => {
      const { store, stream } = this.#options;
      let last = (await store.lastSource(stream)).get(epoch) ?? 0;
      let lastSeq: number | undefined;
      let [count, bytes, missing] = [0, 0, 0];
      for (;;) {
        const next = await this.#next(epoch, below);
        if (next === undefined) return { count, bytes, missing, lastSeq };
        const appended: Promise<unknown>[] = [];
        for (const run of runsOf(next.records)) {
          const firstSeq = run[0]?.seq as number;
          const payloads = run.map(({ payload }) => payload);
          appended.push(
            store.append(stream, payloads, { epoch, firstSeq, after: Math.min(last, firstSeq - 1) }),
          );
          missing += Math.max(0, firstSeq - last - 1);
          last = firstSeq + run.length - 1;
          count += run.length;
          bytes += payloads.reduce((sum, { length }) => sum + length, 0);
        }
        await Promise.all(appended);
        lastSeq = last;
        await store.ack(next.name, next.records.at(-1)?.position as number);
      }
    });
  }

  /** They have come again, up to this number. */
  drop(epoch: string, upTo: number): Promise<Amount> {
    if (!this.has(epoch)) return Promise.resolve(NOTHING);
    return this.#queue.run(async () => {
      let [count, bytes] = [0, 0];
      for (;;) {
        const next = await this.#next(epoch, upTo + 1);
        if (next === undefined) return { count, bytes };
        count += next.records.length;
        bytes += next.records.reduce((sum, { payload }) => sum + payload.length, 0);
        await this.#options.store.ack(next.name, next.records.at(-1)?.position as number);
      }
    });
  }

  /** The first of an epoch, as many as are read at once; undefined when none below this number is left. */
  async #next(epoch: string, below: number): Promise<Next | undefined> {
    const { store } = this.#options;
    const found: Next[] = [];
    for (const name of this.#names.get(epoch) ?? [])
      found.push({ name, records: await store.read(name, 0, LIMITS.inboxReadBytes) });
    const filled = found.filter(({ records }) => records.length > 0);
    if (filled.length === 0) this.#names.delete(epoch);
    filled.sort((a, b) => seqOf(a.records[0]) - seqOf(b.records[0]));
    const [first, second] = filled;
    const end = Math.min(below, second === undefined ? below : seqOf(second.records[0]));
    const records = first?.records.filter((record) => seqOf(record) < end) ?? [];
    return first === undefined || records.length === 0 ? undefined : { name: first.name, records };
  }
}

function seqOf(record: StoredRecord | undefined): number {
  return record?.seq ?? 0;
}

/** Records whose numbers follow each other. */
function* runsOf(records: readonly StoredRecord[]): Iterable<readonly StoredRecord[]> {
  let run: StoredRecord[] = [];
  for (const record of records) {
    if (run.length > 0 && seqOf(record) !== seqOf(run.at(-1)) + 1) {
      yield run;
      run = [];
    }
    run.push(record);
  }
  if (run.length > 0) yield run;
}
