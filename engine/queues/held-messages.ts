import { LIMITS } from '../base/limits.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { parseHeldStream } from '../storage/held-streams.ts';
import { markName, parseMarkName } from '../storage/mark-name.ts';
import type { Store } from '../storage/store.ts';
import { batchesOf, type StoredRecord, storedRecords } from './stored-message.ts';

export interface HeldMessagesOptions {
  /** The queue's stream. */
  readonly stream: string;
  readonly store: Store;
}

/** A number of messages, and their bytes. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** The result of releasing held messages. */
export interface Released extends Amount {
  /** The last number in the queue now; undefined if none was released. */
  readonly lastSeq: number | undefined;
  /** Numbers before released messages that will never be sent. */
  readonly missing: number;
}

interface Next {
  readonly name: string;
  readonly records: readonly StoredRecord[];
}

const NOTHING = { count: 0, bytes: 0 };

/**
 * Messages that recovery has found behind a gap in their sender's numbers. They enter the queue, in order, once the
 * missing ones are known to be lost; they are dropped if the sender sends them again. An interrupted step is repeated
 * at the next start.
 */
export class HeldMessages {
  readonly #options: HeldMessagesOptions;
  /** Their stream names, by epoch. */
  readonly #names = new Map<string, readonly string[]>();
  readonly #queue = new SerialQueue();

  constructor(options: HeldMessagesOptions) {
    this.#options = options;
  }

  /**
   * Finds the held messages, and drops those that are already in the queue.
   *
   * @throws AiocError AIOC_DISK
   */
  async restore(): Promise<Amount> {
    const { store, stream } = this.#options;
    this.#names.clear();
    for (const name of await store.streams()) {
      const held = parseHeldStream(name);
      if (held?.stream !== stream) continue;
      const epoch = markName(held);
      this.#names.set(epoch, [...(this.#names.get(epoch) ?? []), name]);
    }
    let [count, bytes] = [0, 0];
    const positions = this.#names.size === 0 ? undefined : await marksIn(store, stream);
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

  /** The epochs with held messages. */
  get epochs(): readonly string[] {
    return [...this.#names.keys()];
  }

  has(epoch: string): boolean {
    return this.#names.size > 0 && this.#names.has(epoch);
  }

  /**
   * Releases the messages below this number: the missing ones before them will not arrive.
   *
   * @throws AiocError AIOC_DISK, AIOC_DISK_FULL; the rest stays held
   */
  release(epoch: string, below: number): Promise<Released> {
    return this.#queue.run(async () => {
      const { store, stream } = this.#options;
      let last = (await marksIn(store, stream)).get(epoch) ?? 0;
      let lastSeq: number | undefined;
      let [count, bytes, missing] = [0, 0, 0];
      for (;;) {
        const next = await this.#next(epoch, below);
        if (next === undefined) return { count, bytes, missing, lastSeq };
        const appended: Promise<unknown>[] = [];
        for (const run of runsOf(next.records)) {
          const firstSeq = run[0]?.seq as number;
          const payloads = run.map(({ payload }) => payload);
          const source = { ...parseMarkName(epoch), firstSeq, after: Math.min(last, firstSeq - 1) };
          appended.push(store.append(stream, batchesOf(payloads), source));
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

  /** Drops held messages up to this number: they have arrived again. */
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

  /** The first held messages of an epoch, as many as are read at once; undefined if none below this number is left. */
  async #next(epoch: string, below: number): Promise<Next | undefined> {
    const { store } = this.#options;
    const found: Next[] = [];
    for (const name of this.#names.get(epoch) ?? [])
      found.push({ name, records: storedRecords(await store.read(name, 0, LIMITS.inboxReadBytes)) });
    const filled = found.filter(({ records }) => records.length > 0);
    if (filled.length === 0) this.#names.delete(epoch);
    filled.sort((a, b) => seqOf(a.records[0]) - seqOf(b.records[0]));
    const [first, second] = filled;
    const end = Math.min(below, second === undefined ? below : seqOf(second.records[0]));
    const records = first?.records.filter((record) => seqOf(record) < end) ?? [];
    return first === undefined || records.length === 0 ? undefined : { name: first.name, records };
  }
}

/** The marks of a stream, by name. */
async function marksIn(store: Store, stream: string): Promise<ReadonlyMap<string, number>> {
  return new Map((await store.marks(stream)).map((mark) => [markName(mark), mark.seq]));
}

function seqOf(record: StoredRecord | undefined): number {
  return record?.seq ?? 0;
}

/** Groups records with consecutive numbers. */
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
