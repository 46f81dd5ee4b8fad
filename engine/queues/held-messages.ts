import { LIMITS } from '../base/limits.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { parseHeldStream } from '../storage/held-streams.ts';
import { markName, parseMarkName } from '../storage/mark-name.ts';
import { lastPositionOf, type Store, type StoredBatch, sizeOfBatch } from '../storage/store.ts';
import { appendUnknown } from './append-unknown.ts';
import { firstMessages, messagesFrom } from './message-batch.ts';

export interface HeldMessagesOptions {
  /** The queue's stream. */
  readonly stream: string;
  readonly store: Store;
}

/** A number of messages, and the bytes that StreamStat counts for them. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** The result of releasing held messages. */
export interface Released {
  readonly count: number;
  /** So many bytes more are counted: the parts of a batch are counted apart, and a held one until its last message. */
  readonly addedBytes: number;
  /** The last number in the queue now; undefined if none was released. */
  readonly lastSeq: number | undefined;
  /** Numbers before released messages that will never be sent. */
  readonly missing: number;
}

interface NextHeld {
  readonly name: string;
  readonly batches: readonly StoredBatch[];
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
      const mark = markName(held);
      this.#names.set(mark, [...(this.#names.get(mark) ?? []), name]);
    }
    let [count, bytes] = [0, 0];
    for (const [epoch, names] of [...this.#names]) {
      await this.drop(epoch, await this.#mark(epoch));
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
      const of = parseMarkName(epoch);
      let last = await this.#mark(epoch);
      let lastSeq: number | undefined;
      let [count, addedBytes, missing] = [0, 0, 0];
      for (;;) {
        const next = await this.#next(epoch, below);
        if (next === undefined) return { count, addedBytes, missing, lastSeq };
        const appended: Promise<unknown>[] = [];
        for (const run of runsOf(next.batches)) {
          const firstSeq = seqOf(run[0]);
          const source = { ...of, firstSeq, after: Math.min(last, firstSeq - 1) };
          appended.push(appendUnknown({ store, stream, batches: run, source }));
          missing += Math.max(0, firstSeq - last - 1);
          last = lastSeqOf(run.at(-1));
          count += countOf(run);
          addedBytes += bytesOf(run);
        }
        await Promise.all(appended);
        lastSeq = last;
        addedBytes -= await this.#left(next);
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
        count += countOf(next.batches);
        bytes += await this.#left(next);
      }
    });
  }

  /** They are held no more. @returns how many bytes less are counted */
  async #left({ name, batches }: NextHeld): Promise<number> {
    const { store } = this.#options;
    const before = await store.stat(name);
    await store.ack(name, lastPositionOf(batches.at(-1) as StoredBatch));
    return before.bytes - (await store.stat(name)).bytes;
  }

  async #mark(epoch: string): Promise<number> {
    const { store, stream } = this.#options;
    const marks = await store.marks(stream, parseMarkName(epoch).sender);
    return marks.find((mark) => markName(mark) === epoch)?.seq ?? 0;
  }

  /**
   * The first held batches of an epoch, as many as are read at once; undefined if none with a message below this number
   * is left. A batch with messages on both sides is taken in two parts.
   */
  async #next(epoch: string, below: number): Promise<NextHeld | undefined> {
    const { store } = this.#options;
    const found: NextHeld[] = [];
    for (const name of this.#names.get(epoch) ?? []) {
      const { acked } = await store.stat(name);
      const batches = await store.read(name, 0, LIMITS.inboxReadBytes);
      found.push({ name, batches: batches.map((batch) => unacknowledged(batch, acked)) });
    }
    const filled = found.filter(({ batches }) => batches.length > 0);
    if (filled.length === 0) this.#names.delete(epoch);
    filled.sort((a, b) => seqOf(a.batches[0]) - seqOf(b.batches[0]));
    const [first, second] = filled;
    const end = Math.min(below, second === undefined ? below : seqOf(second.batches[0]));
    const batches = (first?.batches ?? []).flatMap((batch) => partBelow(batch, end));
    return first === undefined || batches.length === 0 ? undefined : { name: first.name, batches };
  }
}

/** The messages of a batch behind an acknowledged position. */
function unacknowledged(batch: StoredBatch, acked: number): StoredBatch {
  const from = Math.max(0, acked - batch.position + 1);
  if (from === 0) return batch;
  return { ...messagesFrom(batch, from), position: batch.position + from, seq: seqOf(batch) + from };
}

/** The messages of a batch below a number. */
function partBelow(batch: StoredBatch, end: number): readonly StoredBatch[] {
  const count = Math.min(batch.count, end - seqOf(batch));
  return count <= 0 ? [] : [firstMessages(batch, count)];
}

function lastSeqOf(batch: StoredBatch | undefined): number {
  return batch === undefined ? 0 : seqOf(batch) + batch.count - 1;
}

function countOf(batches: readonly StoredBatch[]): number {
  return batches.reduce((sum, { count }) => sum + count, 0);
}

function bytesOf(batches: readonly StoredBatch[]): number {
  return batches.reduce((sum, batch) => sum + sizeOfBatch(batch), 0);
}

function seqOf(batch: StoredBatch | undefined): number {
  return batch?.seq ?? 0;
}

/** Groups batches with consecutive numbers. */
function* runsOf(batches: readonly StoredBatch[]): Iterable<readonly StoredBatch[]> {
  let run: StoredBatch[] = [];
  for (const batch of batches) {
    if (run.length > 0 && seqOf(batch) !== lastSeqOf(run.at(-1)) + 1) {
      yield run;
      run = [];
    }
    run.push(batch);
  }
  if (run.length > 0) yield run;
}
