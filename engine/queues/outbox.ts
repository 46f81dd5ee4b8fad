import { RateMeter } from '../base/rate-meter.ts';
import type { MessageNumber, NumberOnWire } from '../protocol/message-number.ts';
import { lastPositionOf } from '../storage/store.ts';
import { OutboxAdmission, sizeInOutbox } from './outbox-admission.ts';
import type { Completion, OutboxBatch } from './outbox-batch.ts';
import { type LeftMessages, OutboxEntry, refuse, weightOf } from './outbox-entry.ts';
import { OutboxLoader } from './outbox-loader.ts';
import { OutboxNumbers } from './outbox-numbers.ts';
import type { OutboxOptions } from './outbox-options.ts';
import { OutboxRemoval } from './outbox-removal.ts';
import { OutboxWindow } from './outbox-window.ts';
import { OutboxWriter, type PendingBatch, type StoredPlace } from './outbox-writer.ts';
import { OverflowPolicy } from './overflow-policy.ts';
import { SenderPace } from './sender-pace.ts';
import { SentNumbers } from './sent-numbers.ts';
import type { StoredQueue } from './stored-queue.ts';

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
  /** Its stored messages, for people who look at them. */
  readonly stored: StoredQueue;
  readonly #options: OutboxOptions;
  readonly #writer: OutboxWriter;
  readonly #admission: OutboxAdmission;
  readonly #loader: OutboxLoader;
  readonly #window: OutboxWindow;
  /** The last position that is or was in the window. */
  #windowEnd = 0;
  #storedEnd = 0;
  #depth = 0;
  #bytes = 0;
  #loading: Promise<void> | undefined;
  /** The last position that was acknowledged to the store. */
  #ackedUpTo = 0;
  #lastAck: Promise<void> = Promise.resolve();
  readonly #removal: OutboxRemoval;
  readonly #numbers: OutboxNumbers;
  readonly #sentNumbers = new SentNumbers();
  #unacked = 0;
  #unackedBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { type, stream, store, capacity, whenFull, clock, random, budget, revive } = options;
    const { aheadBytes = Number.POSITIVE_INFINITY } = capacity;
    this.type = type;
    this.#window = new OutboxWindow(budget);
    this.#numbers = new OutboxNumbers(random);
    this.#loader = new OutboxLoader({ store, stream, revive, numbers: this.#numbers });
    this.arrivals = new RateMeter(clock);
    this.departures = new RateMeter(clock);
    this.overflow = new OverflowPolicy({
      ...{ queue: this, capacity, whenFull },
      ...{ takesOneOfAnySize: capacity.takesOneOfAnySize ?? false, refusedIsLost: false },
      pace: new SenderPace(
        clock,
        () => options.isDraining() && this.#bytes > this.#window.maxBytes + aheadBytes,
      ),
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
    this.#removal = new OutboxRemoval({
      ...{ window: this.#window, writer: this.#writer },
      hasMore: () => this.hasMore,
      load: () => this.load(),
      remove: (entry) => this.#remove(entry),
      acked: () => this.#lastAck,
    });
    this.stored = {
      stream,
      read: (after, maxBytes) => store.read(stream, Math.max(after, this.#ackedUpTo), maxBytes),
      stateAt: (position) => (position <= this.#ackedUpTo ? 'gone' : this.#window.stateAt(position)),
      end: async () => this.#storedEnd,
      purge: (upTo, why) => this.#removal.purge(upTo, why),
    };
    this.#admission = new OutboxAdmission({
      overflow: this.overflow,
      writer: this.#writer,
      whenFull,
      isDraining: options.isDraining,
      take: (pending) => this.#take(pending),
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
    return this.#window.oldest?.atMs;
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
    const entered = this.#admission.enqueue(batch, completion);
    return completion.patience === 'while-draining' ? (entered ?? this.overflow.whenShort()) : entered;
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
    this.#bytes += sizeInOutbox(pending.batch);
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
    const sizeBytes = sizeInOutbox(batch);
    const isNext = this.#windowEnd === this.#storedEnd && this.#window.fits(sizeBytes);
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
    this.#window.push(entry);
  }

  #refused({ batch, completion }: PendingBatch, error: unknown): void {
    this.#depth -= batch.count;
    this.#bytes -= sizeInOutbox(batch);
    refuse(batch, completion, error);
    this.overflow.changed();
  }

  /** The first entry with messages that were not sent on the current connection. */
  next(): OutboxEntry | undefined {
    return this.#window.next();
  }

  /** Bytes of the window, apart from a single batch. Its sender raises it where the way to the peer is long. */
  set windowBytes(bytes: number) {
    this.#window.maxBytes = bytes;
  }

  /** Whether there are stored messages outside the window. */
  get hasMore(): boolean {
    return this.#windowEnd !== this.#storedEnd;
  }

  /** Whether they may be loaded: there is memory, or will be after some acks. */
  get mayLoad(): boolean {
    return this.hasMore && this.#window.mayLoad;
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
    if (entry.sent === 0) this.#unackedBytes += weightOf(entry);
    entry.sent = from + count;
    this.#unacked += count;
    return this.#sentNumbers.next(number, count);
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
    for (let index = this.#window.from; index < this.#window.end; index += 1) {
      const entry = this.#window.at(index);
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
    const first = this.#window.firstOf(epoch);
    if (first !== undefined) return first.number.seq + first.left - 1;
    return this.hasMore ? 'unknown' : Number.MAX_SAFE_INTEGER;
  }

  /** Removes the message that was sent under exactly this number; undefined if there is none. */
  ackedOne({ epoch, seq }: MessageNumber): LeftMessages | undefined {
    for (let index = this.#window.from; index < this.#window.end; index += 1) {
      const entry = this.#window.at(index);
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
    this.#sentNumbers.unsent(entry.number.seq + index);
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
    this.#window.free(entry);
    if (entry.sent > 0) this.#unackedBytes -= weightOf(entry);
  }

  /** The connection is lost: unacknowledged messages will be sent again, in order. */
  rewind(): void {
    this.#sentNumbers.reset();
    this.#unacked = 0;
    this.#unackedBytes = 0;
    this.#window.rewind();
  }

  /** See LimitedQueue and OutboxRemoval. */
  dropOldest(): Promise<number> {
    return this.#removal.dropOldest();
  }

  /** Acknowledges removed messages at the front to the store, and cuts gone entries off the window. */
  #forgetGone(): void {
    const upTo = this.#window.forgetGone();
    if (upTo <= this.#ackedUpTo) return;
    this.#ackedUpTo = upTo;
    // If the store cannot record it, the messages are sent again after a restart.
    this.#lastAck = this.#options.store.ack(this.#options.stream, upTo);
    this.#lastAck.catch(() => undefined);
  }
}
