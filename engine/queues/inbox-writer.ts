import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { markName, parseMarkName } from '../storage/mark-name.ts';
import type { Batch, BatchSource, Store } from '../storage/store.ts';
import { appendUnknown } from './append-unknown.ts';
import { type Amount, HeldMessages } from './held-messages.ts';
import type { MessageSource, StoredPosition } from './message-source.ts';
import type { Completion } from './outbox-batch.ts';
import { persistentAppend } from './persistent-append.ts';
import { StoredMarks } from './stored-marks.ts';

/**
 * Messages that are not in the store yet. They are kept or refused together. Of those that are kept, it is known how many,
 * from the first, were stored before, and were not stored again; those that are refused stay with their sender.
 */
export interface PendingArrival extends Completion<number> {
  readonly batch: Batch;
  /** Of the first message. */
  readonly source: MessageSource | undefined;
}

/** Batches with consecutive numbers of one sender, or without numbers. */
interface ArrivalRun {
  readonly arrivals: PendingArrival[];
  readonly source: BatchSource | undefined;
  count: number;
}

export interface InboxWriterOptions {
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly onArrival: () => void;
  /** The queue has so much less: held messages have arrived again, and are stored only once. */
  readonly onSuperseded: (amount: Amount) => void;
  /** Held messages have entered the queue, and count so many bytes more there. */
  readonly onReleased: (addedBytes: number) => void;
  /** Messages of a sender were damaged on the disk, and will not arrive again. */
  readonly onLost: (peerName: string, count: number) => void;
}

/**
 * Stores arrivals in order, each sender's with its number in the same append: so messages and recorded numbers never
 * differ. Messages that arrive while the store is busy form the next append.
 */
export class InboxWriter {
  readonly #options: InboxWriterOptions;
  #unstored: PendingArrival[] = [];
  #storing = false;
  /** Resolves when the current append is stored or refused. */
  #idle: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  readonly #stored = new StoredMarks();
  /** By the name of the mark: the last number handed to the store, until it is stored. */
  readonly #requested = new Map<string, number>();
  readonly #held: HeldMessages;

  constructor(options: InboxWriterOptions) {
    this.#options = options;
    this.#held = new HeldMessages(options);
  }

  /**
   * Restores the positions of an earlier run.
   *
   * @returns how much is held
   */
  async restore(): Promise<Amount> {
    const { store, stream } = this.#options;
    this.#stored.clear();
    this.#requested.clear();
    for (const mark of await store.marks(stream)) this.#noteStored(markName(mark), mark.seq);
    const amount = await this.#held.restore();
    // An epoch that has only held messages starts at 0.
    for (const epoch of this.#held.epochs) if (!this.#stored.has(epoch)) this.#stored.set(epoch, 0);
    return amount;
  }

  /** Why the store accepts nothing at the moment. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  storedOf(peerName: string): readonly Omit<StoredPosition, 'type'>[] {
    return Array.from(this.#stored.of(peerName), ([name, seq]) => ({
      epoch: parseMarkName(name).epoch,
      seq,
      hasGap: this.#held.has(name),
    }));
  }

  /** The sender has no message of this epoch up to this number that is not stored here. */
  async gone(source: MessageSource): Promise<void> {
    await this.#release(markNameOf(source), source.seq + 1);
  }

  add(arrival: PendingArrival): void {
    this.#unstored.push(arrival);
    if (!this.#storing) this.#idle = this.#store();
  }

  get isBusy(): boolean {
    return this.#storing;
  }

  idle(): Promise<void> {
    return this.#idle;
  }

  async #store(): Promise<void> {
    this.#storing = true;
    while (this.#unstored.length > 0) {
      const arrivals = this.#unstored.splice(0, this.#appendLength());
      await Promise.all(
        [...this.#runsIn(arrivals)].map(([peerName, runs]) => this.#storeRuns(peerName, runs)),
      );
    }
    this.#storing = false;
  }

  /** Stores a sender's runs one after the other: a run must not be stored before the previous one. */
  async #storeRuns(peerName: string | undefined, runs: readonly ArrivalRun[]): Promise<void> {
    for (const [index, run] of runs.entries()) {
      try {
        await this.#storeRun(run);
      } catch (error) {
        const behind = this.#unstored.filter(({ source }) => source?.peerName === peerName);
        this.#unstored = this.#unstored.filter(({ source }) => source?.peerName !== peerName);
        const refused = [...runs.slice(index).flatMap(({ arrivals }) => arrivals), ...behind];
        // The next message of this sender is compared with the stored number, not with the requested one.
        for (const { source } of refused)
          if (source !== undefined) this.#requested.delete(markNameOf(source));
        for (const arrival of refused) arrival.refused(arrival.batch.count, error);
        return;
      }
    }
  }

  #appendLength(): number {
    let length = 0;
    let bytes = 0;
    for (; length < this.#unstored.length; length += 1) {
      bytes += this.#unstored[length]?.batch.records.length ?? 0;
      if (length > 0 && bytes > LIMITS.inboxBatchBytes) break;
    }
    return length;
  }

  /** Groups batches by sender; unnumbered ones under undefined. */
  #runsIn(arrivals: readonly PendingArrival[]): ReadonlyMap<string | undefined, readonly ArrivalRun[]> {
    const bySender = new Map<string | undefined, ArrivalRun[]>();
    let run: ArrivalRun | undefined;
    for (const arrival of arrivals) {
      if (run === undefined || !continues(run, arrival)) run = this.#runFor(arrival, bySender);
      run.arrivals.push(arrival);
      run.count += arrival.batch.count;
      if (arrival.source !== undefined)
        this.#requested.set(markNameOf(arrival.source), arrival.source.seq + arrival.batch.count - 1);
    }
    return bySender;
  }

  /** The last run of its sender, or a new one. */
  #runFor(arrival: PendingArrival, bySender: Map<string | undefined, ArrivalRun[]>): ArrivalRun {
    const peerName = arrival.source?.peerName;
    const runs = bySender.get(peerName) ?? [];
    bySender.set(peerName, runs);
    const last = runs.at(-1);
    if (last !== undefined && continues(last, arrival)) return last;
    const run = { arrivals: [], source: arrival.source && this.#sourceOf(arrival.source), count: 0 };
    runs.push(run);
    return run;
  }

  #sourceOf(source: MessageSource): BatchSource {
    const { peerName: sender, epoch, seq: firstSeq } = source;
    const name = markNameOf(source);
    const before = this.#requested.get(name) ?? this.#stored.get(name) ?? 0;
    return { sender, epoch, firstSeq, after: Math.min(before, firstSeq - 1) };
  }

  async #storeRun({ arrivals, source, count }: ArrivalRun): Promise<void> {
    const name = source && markName(source);
    const isHeld = name !== undefined && this.#held.has(name);
    if (isHeld && source !== undefined) await this.#closeHole(name, source.firstSeq);
    const lastSeq = source === undefined ? 0 : source.firstSeq + count - 1;
    let known = await this.#append(arrivals, source);
    if (isHeld) {
      const amount = await this.#withRetry(() => this.#held.drop(name, lastSeq));
      this.#options.onSuperseded(amount);
    }
    if (name !== undefined) this.#noteStored(name, lastSeq);
    for (const arrival of arrivals) {
      const { count } = arrival.batch;
      arrival.kept(count, Math.min(known, count));
      known = Math.max(0, known - count);
    }
    this.#options.onArrival();
  }

  /** @returns how many of the messages, from the first, were stored before */
  #append(arrivals: readonly PendingArrival[], source: BatchSource | undefined): Promise<number> {
    const { store, stream } = this.#options;
    const batches = arrivals.map(({ batch }) => batch);
    const attempts = { mayHaveStored: false };
    return this.#withRetry(() => appendUnknown({ store, stream, batches, source }, attempts));
  }

  /** Held messages before this number enter the queue first; the other missing ones are lost. */
  async #closeHole(epoch: string, below: number): Promise<void> {
    await this.#release(epoch, below);
    const missing = below - (this.#stored.get(epoch) ?? 0) - 1;
    if (missing > 0) this.#reportLost(epoch, missing);
  }

  async #release(epoch: string, below: number): Promise<void> {
    if (!this.#held.has(epoch)) return;
    const released = await this.#withRetry(() => this.#held.release(epoch, below));
    const { count, addedBytes, missing, lastSeq } = released;
    this.#options.onReleased(addedBytes);
    if (lastSeq !== undefined) this.#noteStored(epoch, lastSeq);
    if (missing > 0) this.#reportLost(epoch, missing);
    if (count > 0) this.#options.onArrival();
  }

  #reportLost(epoch: string, count: number): void {
    const { sender } = parseMarkName(epoch);
    if (sender !== '') this.#options.onLost(sender, count);
  }

  /**
   * Retries while the disk accepts nothing.
   *
   * @throws AiocError AIOC_CANCELLED if the store is closed, AIOC_STORE_GAP if an earlier message was refused
   */
  async #withRetry<T>(action: () => Promise<T>): Promise<T> {
    const result = await persistentAppend({
      clock: this.#options.clock,
      append: action,
      isPassing: ({ code }) => code !== 'AIOC_CANCELLED' && code !== 'AIOC_STORE_GAP',
      onTrouble: (message) => {
        this.#trouble = message;
      },
    });
    this.#trouble = undefined;
    return result;
  }

  #noteStored(name: string, seq: number): void {
    const { store, stream } = this.#options;
    const forgotten = this.#stored.set(name, Math.max(seq, this.#stored.get(name) ?? 0));
    for (const mark of forgotten) store.forgetMark(stream, parseMarkName(mark)).catch(() => undefined);
    if (this.#requested.get(name) === seq) this.#requested.delete(name);
  }
}

function markNameOf({ peerName, epoch }: Omit<MessageSource, 'seq'>): string {
  return markName({ sender: peerName, epoch });
}

/** Whether a batch continues a run: same sender and epoch with the next number, or both unnumbered. */
function continues({ source, count }: ArrivalRun, { source: next }: PendingArrival): boolean {
  if (source === undefined || next === undefined) return source === next;
  if (next.epoch !== source.epoch || next.peerName !== source.sender) return false;
  return next.seq === source.firstSeq + count;
}
