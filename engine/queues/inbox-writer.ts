import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { markName, parseMarkName } from '../storage/mark-name.ts';
import type { Store } from '../storage/store.ts';
import { type Amount, HeldMessages } from './held-messages.ts';
import {
  epochInStore,
  type MessageSource,
  parseEpochInStore,
  type StoredPosition,
} from './message-source.ts';
import { persistentAppend } from './persistent-append.ts';
import { batchesOf } from './stored-message.ts';

/** A message that is not in the store yet. */
export interface PendingRecord {
  readonly frame: Buffer;
  readonly source: MessageSource | undefined;
  /** @param isRepeated the message was stored before, and was not stored again */
  stored(isRepeated: boolean): void;
  /** It is not in the store: its sender keeps it. */
  refused(error: unknown): void;
}

/** Messages with consecutive numbers of one sender, or without numbers. */
interface MessageRun {
  readonly messages: PendingRecord[];
  readonly source: { readonly epoch: string; readonly firstSeq: number; readonly after: number } | undefined;
}

export interface InboxWriterOptions {
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly onArrival: () => void;
  /** Held messages have arrived again, and are stored only once. */
  readonly onSuperseded: (amount: Amount) => void;
  /** Messages of a sender were damaged on the disk, and will not arrive again. */
  readonly onLost: (peerName: string, count: number) => void;
}

/**
 * Stores arrivals in order, each sender's with its number in the same batch: so messages and recorded numbers never
 * differ. Messages that arrive while the store is busy form the next batch.
 */
export class InboxWriter {
  readonly #options: InboxWriterOptions;
  #unstored: PendingRecord[] = [];
  #storing = false;
  /** Resolves when the current batch is stored or refused. */
  #idle: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  /** By epoch in the store: the last stored number, and the last number handed to the store. */
  readonly #stored = new Map<string, number>();
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
    for (const mark of await store.marks(stream)) this.#stored.set(markName(mark), mark.seq);
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
    return [...this.#stored].flatMap(([name, seq]) => {
      const source = parseEpochInStore(name);
      if (source?.peerName !== peerName) return [];
      return [{ epoch: source.epoch, seq, hasGap: this.#held.has(name) }];
    });
  }

  /** The sender has no message of this epoch up to this number that is not stored here. */
  async gone(source: MessageSource): Promise<void> {
    await this.#release(epochInStore(source), source.seq + 1);
  }

  add(message: PendingRecord): void {
    this.#unstored.push(message);
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
      const batch = this.#unstored.splice(0, this.#batchLength());
      await Promise.all([...this.#runsIn(batch)].map(([peerName, runs]) => this.#storeRuns(peerName, runs)));
    }
    this.#storing = false;
  }

  /** Stores a sender's runs one after the other: a run must not be stored before the previous one. */
  async #storeRuns(peerName: string | undefined, runs: readonly MessageRun[]): Promise<void> {
    for (const [index, run] of runs.entries()) {
      try {
        await this.#storeRun(run);
      } catch (error) {
        const behind = this.#unstored.filter(({ source }) => source?.peerName === peerName);
        this.#unstored = this.#unstored.filter(({ source }) => source?.peerName !== peerName);
        const refused = [...runs.slice(index).flatMap(({ messages }) => messages), ...behind];
        // The next message of this sender is compared with the stored number, not with the requested one.
        for (const { source } of refused)
          if (source !== undefined) this.#requested.delete(epochInStore(source));
        for (const message of refused) message.refused(error);
        return;
      }
    }
  }

  #batchLength(): number {
    let length = 0;
    let bytes = 0;
    for (; length < this.#unstored.length; length += 1) {
      bytes += this.#unstored[length]?.frame.length ?? 0;
      if (length > 0 && bytes > LIMITS.inboxBatchBytes) break;
    }
    return length;
  }

  /** Groups messages by sender; unnumbered ones under undefined. */
  #runsIn(batch: readonly PendingRecord[]): ReadonlyMap<string | undefined, readonly MessageRun[]> {
    const bySender = new Map<string | undefined, MessageRun[]>();
    let run: MessageRun | undefined;
    for (const message of batch) {
      if (run === undefined || !continues(run, message)) run = this.#runFor(message, bySender);
      run.messages.push(message);
      // Usually, a whole batch is one run, and its last number is that of the run.
      if (run.source !== undefined) this.#requested.set(run.source.epoch, message.source?.seq ?? 0);
    }
    return bySender;
  }

  /** The last run of its sender, or a new one. */
  #runFor(message: PendingRecord, bySender: Map<string | undefined, MessageRun[]>): MessageRun {
    const peerName = message.source?.peerName;
    const runs = bySender.get(peerName) ?? [];
    bySender.set(peerName, runs);
    const last = runs.at(-1);
    if (last !== undefined && continues(last, message)) return last;
    const run = { messages: [], source: message.source && this.#sourceOf(message.source) };
    runs.push(run);
    return run;
  }

  #sourceOf(source: MessageSource): MessageRun['source'] {
    const epoch = epochInStore(source);
    const firstSeq = source.seq;
    const before = this.#requested.get(epoch) ?? this.#stored.get(epoch) ?? 0;
    return { epoch, firstSeq, after: Math.min(before, firstSeq - 1) };
  }

  async #storeRun({ messages, source }: MessageRun): Promise<void> {
    const isHeld = source !== undefined && this.#held.has(source.epoch);
    if (isHeld) await this.#closeHole(source.epoch, source.firstSeq);
    const outcome = await this.#append(messages, source);
    if (isHeld) {
      const amount = await this.#withRetry(() =>
        this.#held.drop(source.epoch, source.firstSeq + messages.length - 1),
      );
      this.#options.onSuperseded(amount);
    }
    if (source !== undefined) this.#noteStored(source.epoch, source.firstSeq + messages.length - 1);
    for (const { stored } of messages) stored(outcome === 'duplicate');
    this.#options.onArrival();
  }

  async #append(
    messages: readonly PendingRecord[],
    source: MessageRun['source'],
  ): Promise<'appended' | 'duplicate'> {
    const { store, stream } = this.#options;
    const batches = batchesOf(messages.map(({ frame }) => frame));
    const mark = source && { ...source, ...parseMarkName(source.epoch) };
    const first = await this.#withRetry(() => store.append(stream, batches, mark));
    if (first.outcome !== 'overlap') return first.outcome;
    // Some are stored already.
    const firstSeq = (first.mark ?? 0) + 1;
    const rest = batches.slice(firstSeq - (source?.firstSeq ?? 0));
    await this.#withRetry(() =>
      store.append(stream, rest, mark && { ...mark, firstSeq, after: firstSeq - 1 }),
    );
    return 'appended';
  }

  /** Held messages before this number enter the queue first; the other missing ones are lost. */
  async #closeHole(epoch: string, below: number): Promise<void> {
    await this.#release(epoch, below);
    const missing = below - (this.#stored.get(epoch) ?? 0) - 1;
    if (missing > 0) this.#reportLost(epoch, missing);
  }

  async #release(epoch: string, below: number): Promise<void> {
    if (!this.#held.has(epoch)) return;
    const { count, missing, lastSeq } = await this.#withRetry(() => this.#held.release(epoch, below));
    if (lastSeq !== undefined) this.#noteStored(epoch, lastSeq);
    if (missing > 0) this.#reportLost(epoch, missing);
    if (count > 0) this.#options.onArrival();
  }

  #reportLost(epoch: string, count: number): void {
    const source = parseEpochInStore(epoch);
    if (source !== undefined) this.#options.onLost(source.peerName, count);
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

  #noteStored(epoch: string, seq: number): void {
    const isNew = !this.#stored.has(epoch);
    this.#stored.set(epoch, Math.max(seq, this.#stored.get(epoch) ?? 0));
    if (isNew) this.#forgetOldest(parseEpochInStore(epoch)?.peerName);
  }

  #forgetOldest(peerName: string | undefined): void {
    const { store, stream } = this.#options;
    const epochs = [...this.#stored.keys()].filter((name) => parseEpochInStore(name)?.peerName === peerName);
    for (const epoch of epochs.slice(0, Math.max(0, epochs.length - LIMITS.epochsPerQueue))) {
      this.#stored.delete(epoch);
      store.forgetMark(stream, parseMarkName(epoch)).catch(() => undefined);
    }
  }
}

/** Whether a message continues a run: same sender and epoch with the next number, or both unnumbered. */
function continues({ messages, source }: MessageRun, message: PendingRecord): boolean {
  const first = messages[0]?.source;
  const { source: next } = message;
  if (source === undefined || first === undefined || next === undefined) return first === next;
  if (next.epoch !== first.epoch || next.peerName !== first.peerName) return false;
  return next.seq === source.firstSeq + messages.length;
}
