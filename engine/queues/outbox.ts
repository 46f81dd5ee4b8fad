import { LIMITS } from '../base/limits.ts';
import { MemoryLease } from '../base/memory-budget.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { MessageNumber, NumberOnWire } from '../protocol/message-number.ts';
import { lastPositionOf, sizeOfParts } from '../storage/store.ts';
import { CompletionInOrder } from './completion-in-order.ts';
import { firstMessages, type MessageBatch, messagesFrom } from './message-batch.ts';
import type { Completion, OutboxBatch } from './outbox-batch.ts';
import { OutboxEntry, refuse, weightOf } from './outbox-entry.ts';
import { OUTBOX_HEAD_BYTES } from './outbox-head.ts';
import { OutboxLoader } from './outbox-loader.ts';
import { OutboxNumbers } from './outbox-numbers.ts';
import type { OutboxOptions } from './outbox-options.ts';
import { OutboxWriter, type PendingBatch, type StoredPlace } from './outbox-writer.ts';
import { OverflowPolicy } from './overflow-policy.ts';

/** Messages of an entry that have left the queue: from index `from` to before `to`. */
export interface LeftMessages {
  readonly entry: OutboxEntry;
  readonly from: number;
  readonly to: number;
}

/**
 * The queue of messages for one peer and message type, in order, as the batches in which they came. A message stays in
 * the store until the peer has acknowledged it; memory holds only a window of the next ones, however many are queued.
 */
export class Outbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  /** Messages that wait for room. */
  readonly overflow: OverflowPolicy;
  /** Bytes of the window, apart from a single batch. Its sender raises it where the way to the peer is long. */
  windowBytes: number = LIMITS.outboxWindowBytes;
  readonly #options: OutboxOptions;
  readonly #writer: OutboxWriter;
  readonly #loader: OutboxLoader;
  /** The memory of the window. */
  readonly #lease: MemoryLease;
  #window: OutboxEntry[] = [];
  #nextUnsent = 0;
  /** The last position that is or was in the window. */
  #windowEnd = 0;
  #storedEnd = 0;
  #depth = 0;
  #bytes = 0;
  #loading: Promise<void> | undefined;
  /**
   * How many entries at the window's start are gone and acknowledged to the store; compacted occasionally, not each
   * time.
   */
  #front = 0;
  /** The last position that was acknowledged to the store. */
  #ackedUpTo = 0;
  readonly #numbers: OutboxNumbers;
  /** The last number sent on the current connection. */
  #lastSent: MessageNumber | undefined;
  /** The one before those of the latest `send`. */
  #sentBefore: MessageNumber | undefined;
  #unacked = 0;
  #unackedBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { type, stream, store, capacity, whenFull, clock, random, budget, revive } = options;
    this.type = type;
    this.#lease = new MemoryLease(budget);
    this.#numbers = new OutboxNumbers(random);
    this.#loader = new OutboxLoader({ store, stream, revive, numbers: this.#numbers });
    this.arrivals = new RateMeter(clock);
    this.departures = new RateMeter(clock);
    this.overflow = new OverflowPolicy({
      ...{ queue: this, capacity, whenFull },
      ...{ takesOneOfAnySize: capacity.takesOneOfAnySize ?? false, refusedIsLost: false },
    });
    this.#writer = new OutboxWriter({
      stream,
      store,
      clock,
      number: (count) => this.#numbers.next(count),
      stored: (batches, places) => this.#stored(batches, places),
      refused: (batches, error) => {
        for (const one of batches) this.#refused(one, error);
      },
    });
  }

  /** Restores what an earlier run left in the store, before anything is queued. */
  async restore(): Promise<void> {
    const { store, stream } = this.#options;
    const { count, bytes, lastPosition, acked } = await store.stat(stream);
    this.#depth = count;
    this.#bytes = bytes;
    this.#storedEnd = lastPosition;
    this.#ackedUpTo = acked;
    this.#windowEnd = count === 0 ? lastPosition : acked;
    if (count > 0) await this.load();
  }

  get depth(): number {
    return this.#depth;
  }

  /** The bytes of a batch count until its last message has left. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that were dropped because the queue was full. */
  get dropped(): number {
    return this.overflow.dropped;
  }

  /** When the oldest message was queued, in milliseconds since 1970. */
  get oldestAtMs(): number | undefined {
    return this.#window[this.#front]?.atMs;
  }

  /** Messages sent on the current connection and not acknowledged. */
  get unacked(): number {
    return this.#unacked;
  }

  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  /** Why the disk accepts nothing at the moment, while messages wait for it. */
  get trouble(): string | undefined {
    return this.#writer.trouble;
  }

  /**
   * Queues messages until they are acknowledged. `completion` reports that they are in the store, or why not. Where only
   * some of them fit, those are queued, and the others wait or are refused as `completion` and when_full say.
   *
   * @returns a promise that resolves when the sender may send its next messages; undefined: at once
   */
  enqueue(batch: OutboxBatch, completion: Completion): Promise<void> | undefined {
    const { whenFull } = this.#options;
    const { patience = 'none' } = completion;
    const persists = patience === 'always' && whenFull === 'refuse';
    const fitting = this.overflow.fitting(batch, BESIDE_BYTES);
    if (fitting === batch.count) {
      this.#take({ batch, completion, persists });
      return persists ? this.#writer.whenStoring() : undefined;
    }
    const parts = new CompletionInOrder(completion);
    if (fitting > 0) this.#take({ batch: firstMessages(batch, fitting), completion: parts.part(), persists });
    return this.#enqueueRest(laterMessages(batch, fitting), parts, persists);
  }

  #enqueueRest(batch: OutboxBatch, parts: CompletionInOrder, persists: boolean): Promise<void> | undefined {
    // What does not fit into an empty queue either goes in parts.
    const part = this.overflow.largestPart(batch, BESIDE_BYTES);
    const first = firstMessages(batch, part);
    const completion = parts.part();
    const { patience = 'none' } = completion;
    const entered = this.overflow.whenRoom({
      count: first.count,
      sizeBytes: sizeOf(first),
      mayWait: () => persists || (patience !== 'none' && this.#options.isDraining()),
      enter: () => this.#take({ batch: first, completion, persists }),
      refused: (error) => refuse(first, completion, error),
    });
    if (part === batch.count) return entered;
    const rest = this.#enqueueRest(laterMessages(batch, part), parts, persists);
    return rest ?? entered;
  }

  /**
   * The connector is about to stop: messages that wait for room are admitted over the limit, since their senders count
   * on them. Resolves when all are stored, or the store accepts nothing.
   */
  admitAll(): Promise<void> {
    this.overflow.admitAll();
    return this.#writer.settled();
  }

  #take(pending: PendingBatch): void {
    const { count } = pending.batch;
    // Counted before it is stored, so that concurrent messages cannot exceed the limit together.
    this.#depth += count;
    this.#bytes += sizeOf(pending.batch);
    this.arrivals.add(count);
    this.#writer.add(pending);
  }

  #stored(batches: readonly PendingBatch[], places: readonly StoredPlace[]): void {
    const atMs = this.#options.clock.wallNow();
    const entries = batches.map(({ batch }, index) => this.#place(batch, places[index] as StoredPlace, atMs));
    this.#options.onKept();
    for (const [index, { batch, completion }] of batches.entries()) {
      const entry = entries[index];
      completion.kept(batch.count, entry === undefined ? undefined : () => this.cancel(entry));
    }
  }

  /** @returns its entry, if it can be cancelled */
  #place(batch: OutboxBatch, place: StoredPlace, atMs: number): OutboxEntry | undefined {
    const { count, records, largestBytes } = batch;
    const sizeBytes = sizeOf(batch);
    const isNext = this.#windowEnd === this.#storedEnd && this.#fits(sizeBytes);
    this.#storedEnd = lastPositionOf({ position: place.position, count });
    const { number, position } = place;
    const fields = { number, position, context: batch, count, sizeBytes, largestBytes, atMs, records };
    if (!isNext) return this.#loader.unloaded.add(fields);
    const entry = new OutboxEntry(fields);
    this.#push(entry);
    return batch.observer.isCommon ? undefined : entry;
  }

  #push(entry: OutboxEntry): void {
    this.#windowEnd = lastPositionOf(entry);
    if (entry.gone) return;
    this.#lease.take(entry.sizeBytes);
    this.#window.push(entry);
  }

  #refused({ batch, completion }: PendingBatch, error: unknown): void {
    this.#depth -= batch.count;
    this.#bytes -= sizeOf(batch);
    refuse(batch, completion, error);
    this.overflow.changed();
  }

  /** The first entry with messages that were not sent on the current connection. */
  next(): OutboxEntry | undefined {
    for (; this.#nextUnsent < this.#window.length; this.#nextUnsent += 1) {
      const entry = this.#window[this.#nextUnsent] as OutboxEntry;
      if (!entry.gone && entry.sent < entry.count) return entry;
    }
    return undefined;
  }

  /** Whether one more batch fits into the window; at least one always does. */
  #fits(sizeBytes: number): boolean {
    const { heldBytes } = this.#lease;
    if (heldBytes === 0) return true;
    const isSmall =
      this.#window.length - this.#front < LIMITS.outboxWindow && heldBytes + sizeBytes <= this.windowBytes;
    return isSmall && this.#lease.mayTake(sizeBytes);
  }

  /** Whether there are stored messages outside the window. */
  get hasMore(): boolean {
    return this.#windowEnd !== this.#storedEnd;
  }

  /** Whether they may be loaded: there is memory, or will be after some acks. */
  get mayLoad(): boolean {
    return this.hasMore && this.#lease.mayTake(LIMITS.outboxLoadBytes);
  }

  /** Loads the next messages from the store into the window. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const end = this.#storedEnd;
    const entries = await this.#loader.read(this.#windowEnd);
    for (const entry of entries) {
      // The completion of messages behind that has not been called yet.
      if (lastPositionOf(entry) > end) break;
      this.#push(this.#loader.withContext(entry));
    }
    // A message that was cancelled outside the window has no record any longer.
    if (entries.length === 0) this.#windowEnd = Math.max(this.#windowEnd, end);
  }

  /**
   * Marks the next messages of an entry as sent on the current connection.
   *
   * @returns the number under which the first of them is sent
   */
  send(entry: OutboxEntry, count: number): NumberOnWire {
    const from = Math.max(entry.sent, entry.left);
    const number = { epoch: entry.number.epoch, seq: entry.number.seq + from };
    const before = this.#lastSent;
    if (entry.sent === 0) this.#unackedBytes += weightOf(entry);
    entry.sent = from + count;
    this.#sentBefore = before;
    this.#lastSent = { epoch: number.epoch, seq: number.seq + count - 1 };
    this.#unacked += count;
    if (before === undefined || before.epoch !== number.epoch || before.seq === number.seq - 1) return number;
    return { ...number, after: before.seq };
  }

  /**
   * The messages that the peer has received up to a number: those sent on this connection or, if `everSent`, on any.
   * They have left the queue when this returns.
   */
  acked(
    { epoch, seq }: MessageNumber,
    { everSent = false }: { readonly everSent?: boolean } = {},
  ): readonly LeftMessages[] {
    const found: LeftMessages[] = [];
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (entry.gone) continue;
      if (entry.sent === 0 && !everSent) break;
      if (entry.number.epoch !== epoch) continue;
      const from = entry.left;
      const received = Math.min(everSent ? entry.count : entry.sent, seq - entry.number.seq + 1);
      if (received <= from) break;
      this.#leave(entry, received);
      found.push({ entry, from, to: received });
    }
    this.#forgetGone();
    if (found.length > 0) this.overflow.changed();
    return found;
  }

  /** The number up to which no message of this epoch will be sent; `unknown` while some are only on the disk. */
  goneUpTo(epoch: string): number | 'unknown' {
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const { gone, left, number } = this.#window[index] as OutboxEntry;
      if (!gone && number.epoch === epoch) return number.seq + left - 1;
    }
    return this.hasMore ? 'unknown' : Number.MAX_SAFE_INTEGER;
  }

  /** Removes the message that was sent under exactly this number; undefined if there is none. */
  ackedOne({ epoch, seq }: MessageNumber): LeftMessages | undefined {
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (entry.gone) continue;
      if (entry.sent === 0) return undefined;
      const at = seq - entry.number.seq;
      if (entry.number.epoch !== epoch || at < 0 || at >= entry.sent || entry.hasLeft(at)) continue;
      this.#leaveOne(entry, at);
      return { entry, from: at, to: at + 1 };
    }
    return undefined;
  }

  /** Removes the next unsent message of an entry: it can never be sent. */
  removeNext(entry: OutboxEntry): LeftMessages {
    const at = Math.max(entry.sent, entry.left);
    if (entry.sent === 0) this.#unackedBytes += weightOf(entry);
    entry.sent = at + 1;
    this.#unacked += 1;
    this.#leaveOne(entry, at);
    return { entry, from: at, to: at + 1 };
  }

  /** Removes a message that counts as sent, but cannot be written. */
  removeSent(entry: OutboxEntry, index: number): LeftMessages {
    // The peer has not seen its number, so the next message follows the one before it.
    if (this.#lastSent?.seq === entry.number.seq + index) this.#lastSent = this.#sentBefore;
    this.#leaveOne(entry, index);
    return { entry, from: index, to: index + 1 };
  }

  /** Removes all messages of an entry, unless some of them have been sent. */
  cancel(entry: OutboxEntry): void {
    if (entry.sent === 0) this.#remove(entry);
  }

  /** @returns how many messages that were */
  #remove(entry: OutboxEntry): number {
    if (entry.gone) return 0;
    const count = this.#leave(entry, entry.count);
    this.#forgetGone();
    this.overflow.changed();
    return count;
  }

  #leaveOne(entry: OutboxEntry, index: number): void {
    const inOrder = entry.leave(index);
    this.#unacked -= 1;
    this.#count(entry, 1);
    if (inOrder > 0) this.#forgetGone();
    this.overflow.changed();
  }

  /**
   * The messages up to before index `to` leave, of which some may not have been sent on this connection.
   *
   * @returns how many
   */
  #leave(entry: OutboxEntry, to: number): number {
    const sent = entry.leaveUpTo(Math.min(to, entry.sent));
    const unsent = entry.leaveUpTo(to);
    this.#unacked -= sent;
    this.#count(entry, sent + unsent);
    return sent + unsent;
  }

  #count(entry: OutboxEntry, count: number): void {
    this.#depth -= count;
    this.departures.add(count);
    if (!entry.gone) return;
    this.#bytes -= entry.sizeBytes;
    if (entry.records !== undefined) this.#lease.give(entry.sizeBytes);
    if (entry.sent > 0) this.#unackedBytes -= weightOf(entry);
  }

  /** The connection is lost: unacknowledged messages will be sent again, in order. */
  rewind(): void {
    this.#nextUnsent = this.#front;
    this.#lastSent = undefined;
    this.#unacked = 0;
    this.#unackedBytes = 0;
    for (const entry of this.#window) {
      if (!entry.gone) entry.rewind();
    }
  }

  /** See LimitedQueue; messages of a batch of which some were sent are not dropped. */
  async dropOldest(): Promise<number> {
    const oldest = await this.#oldestWaiting();
    if (oldest === undefined) return 0;
    const why = 'the queue was full and this was the oldest message';
    const waiting = oldest.waitingRanges(oldest.count);
    const count = this.#remove(oldest);
    for (const [from, to] of waiting) oldest.report(from, to, 'dropped', why);
    oldest.context.body?.onGivenUp?.();
    return count;
  }

  async #oldestWaiting(): Promise<OutboxEntry | undefined> {
    for (;;) {
      const oldest = this.#window.find(({ gone, sent }) => !gone && sent === 0);
      if (oldest !== undefined) return oldest;
      if (this.hasMore) await this.load();
      // The newest messages are counted, but may not be in the window yet.
      else if (this.#writer.isBusy) await this.#writer.arrived();
      else return undefined;
    }
  }

  /** Acknowledges removed messages at the front to the store, and cuts gone entries off the window. */
  #forgetGone(): void {
    const before = this.#front;
    while (this.#window[this.#front]?.gone) this.#front += 1;
    const next = this.#window[this.#front];
    const last = next !== undefined && next.left > 0 ? next : this.#window[this.#front - 1];
    const upTo = last === undefined ? 0 : last.position + last.left - 1;
    if (upTo > this.#ackedUpTo) {
      this.#ackedUpTo = upTo;
      // If the store cannot record it, the messages are sent again after a restart.
      this.#options.store.ack(this.#options.stream, upTo).catch(() => undefined);
    }
    // Each compaction copies the rest, so it waits until at least as many entries can go.
    if (this.#front === before || this.#front * 2 < this.#window.length) return;
    this.#window = this.#window.slice(this.#front);
    this.#nextUnsent = Math.max(0, this.#nextUnsent - this.#front);
    this.#front = 0;
  }
}

/** What the store counts for a batch besides its records. */
const BESIDE_BYTES = sizeOfParts(OUTBOX_HEAD_BYTES, 0);

function sizeOf({ records }: MessageBatch): number {
  return BESIDE_BYTES + records.length;
}

function laterMessages(batch: OutboxBatch, from: number): OutboxBatch {
  if (from === 0) return batch;
  return { ...messagesFrom(batch, from), logId: batch.logId === 0 ? 0 : batch.logId + from };
}
