import { LIMITS } from '../base/limits.ts';
import { MemoryLease } from '../base/memory-budget.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { MessageNumber, NumberOnWire } from '../protocol/message-number.ts';
import { decodeRecord, encodeRecord, renumber, unsendable } from './message-record.ts';
import type { OutMessage } from './out-message.ts';
import {
  type Completion,
  type OutboxEntry,
  type QueuedMessage,
  queuedMessage,
  refuse,
  weightOf,
} from './outbox-entry.ts';
import { OutboxNumbers } from './outbox-numbers.ts';
import type { OutboxOptions } from './outbox-options.ts';
import { OutboxWriter, type PendingMessage } from './outbox-writer.ts';
import { OverflowPolicy } from './overflow-policy.ts';
import { storedRecords } from './stored-message.ts';
import { UnloadedEntries } from './unloaded-entries.ts';

/**
 * The queue of messages for one peer and message type, in order. A message stays in the store until the peer has
 * acknowledged it; memory holds only a window of the next ones, however many are queued.
 */
export class Outbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  /** Messages that wait for room. */
  readonly overflow: OverflowPolicy;
  readonly #options: OutboxOptions;
  readonly #writer: OutboxWriter;
  /** The memory of the window. */
  readonly #lease: MemoryLease;
  #window: OutboxEntry[] = [];
  #nextUnsent = 0;
  /** The last position that is or was in the window. */
  #windowEnd = 0;
  #storedEnd = 0;
  #depth = 0;
  #bytes = 0;
  readonly #unloaded = new UnloadedEntries();
  #loading: Promise<void> | undefined;
  /**
   * How many entries at the window's start are gone and acknowledged to the store; compacted occasionally, not each
   * time.
   */
  #front = 0;
  readonly #numbers: OutboxNumbers;
  /** The last number sent on the current connection. */
  #lastSent: MessageNumber | undefined;
  #unacked = 0;
  #unackedBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { type, stream, store, capacity, whenFull, clock, random, budget } = options;
    this.type = type;
    this.#lease = new MemoryLease(budget);
    this.#numbers = new OutboxNumbers(random);
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
      number: (one) => this.#number(one),
      stored: (batch, positions) => this.#stored(batch, positions),
      refused: (batch, error) => {
        for (const one of batch) this.#refused(one, error);
      },
    });
  }

  /** Restores what an earlier run left in the store, before anything is queued. */
  async restore(): Promise<void> {
    const { store, stream } = this.#options;
    const { count, bytes, lastPosition } = await store.stat(stream);
    this.#depth = count;
    this.#bytes = bytes;
    this.#storedEnd = lastPosition;
    if (count === 0) this.#windowEnd = lastPosition;
    else await this.load();
  }

  get depth(): number {
    return this.#depth;
  }

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
   * Queues a message until it is acknowledged. `completion` reports that it is in the store, or why not.
   *
   * @returns a promise that resolves when the sender may send its next message; undefined: at once
   */
  enqueue(message: OutMessage, completion: Completion): Promise<void> | undefined {
    const { header, forwardedHeader, data, binary } = message;
    const number = { epoch: this.#numbers.epoch, seq: 0 };
    const payload = encodeRecord({ header, forwardedHeader, data, binary, number });
    const fault = unsendable(payload);
    if (fault !== undefined) {
      refuse(message, completion, fault);
      return undefined;
    }
    const { whenFull, isDraining } = this.#options;
    const { patience = 'none' } = completion;
    const persists = patience === 'always' && whenFull === 'refuse';
    const pending = { message, payload, completion, number: undefined, persists };
    if (this.overflow.isOpen(payload.length)) {
      this.#take(pending);
      return persists ? this.#writer.whenStoring() : undefined;
    }
    return this.overflow.whenRoom({
      sizeBytes: payload.length,
      mayWait: () => persists || (patience !== 'none' && isDraining()),
      enter: () => this.#take(pending),
      refused: (error) => refuse(message, completion, error),
    });
  }

  /**
   * The connector is about to stop: messages that wait for room are admitted over the limit, since their senders count
   * on them. Resolves when all are stored, or the store accepts nothing.
   */
  admitAll(): Promise<void> {
    this.overflow.admitAll();
    return this.#writer.settled();
  }

  #take(pending: PendingMessage): void {
    // Counted before it is stored, so that concurrent messages cannot exceed the limit together.
    this.#depth += 1;
    this.#bytes += pending.payload.length;
    this.arrivals.add();
    this.#writer.add(pending);
  }

  #number(pending: PendingMessage): void {
    pending.number = this.#numbers.next();
    renumber(pending.payload, pending.number.seq);
  }

  #stored(batch: readonly PendingMessage[], positions: readonly number[]): void {
    const atMs = this.#options.clock.wallNow();
    const places = batch.map((one, index) => this.#place(one, positions[index] as number, atMs));
    this.#options.onKept();
    for (const [index, { completion }] of batch.entries()) completion.kept(places[index]);
  }

  #place(
    { message, payload, ...one }: PendingMessage,
    position: number,
    atMs: number,
  ): QueuedMessage | undefined {
    const number = one.number as MessageNumber;
    const sizeBytes = payload.length;
    const isNext = this.#windowEnd === this.#storedEnd && this.#fits(sizeBytes);
    this.#storedEnd = position;
    if (isNext) {
      const entry = queuedMessage({
        context: message,
        number,
        position,
        sizeBytes,
        atMs,
        parts: message,
      });
      this.#lease.take(sizeBytes);
      this.#window.push(entry as OutboxEntry);
      this.#windowEnd = position;
      return entry;
    }
    return this.#unloaded.add(message, { number, position, sizeBytes, atMs });
  }

  #refused({ message, payload, completion }: PendingMessage, error: unknown): void {
    this.#depth -= 1;
    this.#bytes -= payload.length;
    refuse(message, completion, error);
    this.overflow.changed();
  }

  /** The first entry that was not sent on the current connection. */
  next(): OutboxEntry | undefined {
    for (; this.#nextUnsent < this.#window.length; this.#nextUnsent += 1) {
      const entry = this.#window[this.#nextUnsent];
      if (entry !== undefined && !entry.gone && !entry.sent) return entry;
    }
    return undefined;
  }

  /** Whether one more message fits into the window; at least one always does. */
  #fits(sizeBytes: number): boolean {
    const { heldBytes } = this.#lease;
    if (heldBytes === 0) return true;
    const isSmall =
      this.#window.length - this.#front < LIMITS.outboxWindow &&
      heldBytes + sizeBytes <= LIMITS.outboxWindowBytes;
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
    const { store, stream, revive } = this.#options;
    const end = this.#storedEnd;
    const records = storedRecords(await store.read(stream, this.#windowEnd, LIMITS.outboxLoadBytes));
    for (const { position, payload, atMs } of records) {
      // The completion of a message behind that has not been called yet.
      if (position > end) break;
      const parts = decodeRecord(payload);
      const place =
        this.#unloaded.take(position) ??
        queuedMessage({
          context: this.#unloaded.takeContext(position, revive(parts)),
          number: parts.number ?? this.#numbers.nextUnnumbered(),
          position,
          sizeBytes: payload.length,
          atMs,
          parts,
        });
      place.parts = parts;
      this.#windowEnd = position;
      if (place.gone) continue;
      this.#lease.take(place.sizeBytes);
      this.#window.push(place as OutboxEntry);
    }
    // A message that was cancelled outside the window has no record any longer.
    if (records.length === 0) this.#windowEnd = Math.max(this.#windowEnd, end);
  }

  /** Marks an entry as sent on the current connection, under the returned number. */
  send(entry: OutboxEntry): NumberOnWire {
    const { number } = entry;
    const before = this.#lastSent;
    entry.sent = true;
    this.#lastSent = number;
    this.#unacked += 1;
    this.#unackedBytes += weightOf(entry);
    if (before === undefined || before.epoch !== number.epoch || before.seq === number.seq - 1) return number;
    return { ...number, after: before.seq };
  }

  /**
   * The entries that the peer has received up to a number: those sent on this connection or, if `everSent`, on any.
   * They are not removed yet.
   */
  acked(
    { epoch, seq }: MessageNumber,
    { everSent = false }: { readonly everSent?: boolean } = {},
  ): readonly OutboxEntry[] {
    const found: OutboxEntry[] = [];
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (entry.gone) continue;
      if (!entry.sent && !everSent) break;
      if (entry.number.epoch !== epoch) continue;
      if (entry.number.seq > seq) break;
      found.push(entry);
    }
    return found;
  }

  /** The number up to which no message of this epoch will be sent; `unknown` while some are only on the disk. */
  goneUpTo(epoch: string): number | 'unknown' {
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const { gone, number } = this.#window[index] as OutboxEntry;
      if (!gone && number.epoch === epoch) return number.seq - 1;
    }
    return this.hasMore ? 'unknown' : Number.MAX_SAFE_INTEGER;
  }

  /** The unacknowledged entry that was sent under exactly this number. */
  sentAs({ epoch, seq }: MessageNumber): OutboxEntry | undefined {
    for (let index = this.#front; index < this.#window.length; index += 1) {
      const entry = this.#window[index] as OutboxEntry;
      if (entry.gone) continue;
      if (!entry.sent) return undefined;
      if (entry.number.epoch === epoch && entry.number.seq === seq) return entry;
    }
    return undefined;
  }

  /** Removes entries that were acknowledged or have failed. */
  remove(...entries: readonly QueuedMessage[]): void {
    for (const entry of entries) {
      if (entry.gone) continue;
      entry.gone = true;
      if (entry.parts !== undefined) this.#lease.give(entry.sizeBytes);
      if (entry.sent) {
        this.#unacked -= 1;
        this.#unackedBytes -= weightOf(entry);
      }
      this.#depth -= 1;
      this.#bytes -= entry.sizeBytes;
      this.departures.add();
    }
    this.#forgetGone();
    this.overflow.changed();
  }

  /** The connection is lost: unacknowledged messages will be sent again, in order. */
  rewind(): void {
    this.#nextUnsent = this.#front;
    this.#lastSent = undefined;
    this.#unacked = 0;
    this.#unackedBytes = 0;
    for (const entry of this.#window) {
      if (entry.gone || !entry.sent) continue;
      entry.sent = false;
      entry.context.observer.onState(entry.context.logId, 'waiting');
    }
  }

  /** See LimitedQueue; sent messages are not dropped. */
  async dropOldest(): Promise<'dropped' | 'none'> {
    const oldest = await this.#oldestWaiting();
    if (oldest === undefined) return 'none';
    this.remove(oldest);
    const why = 'the queue was full and this was the oldest message';
    oldest.context.observer.onState(oldest.context.logId, 'dropped', why);
    oldest.context.body?.onGivenUp?.();
    return 'dropped';
  }

  async #oldestWaiting(): Promise<OutboxEntry | undefined> {
    for (;;) {
      const oldest = this.#window.find(({ gone, sent }) => !gone && !sent);
      if (oldest !== undefined) return oldest;
      if (this.hasMore) await this.load();
      // The newest messages are counted, but may not be in the window yet.
      else if (this.#writer.isBusy) await this.#writer.arrived();
      else return undefined;
    }
  }

  /** Acknowledges removed entries at the front to the store, and cuts them off the window. */
  #forgetGone(): void {
    const before = this.#front;
    while (this.#window[this.#front]?.gone) this.#front += 1;
    if (this.#front === before) return;
    const last = this.#window[this.#front - 1] as OutboxEntry;
    // If the store cannot record it, the message is sent again after a restart.
    this.#options.store.ack(this.#options.stream, last.position).catch(() => undefined);
    // Each compaction copies the rest, so it waits until at least as many entries can go.
    if (this.#front * 2 < this.#window.length) return;
    this.#window = this.#window.slice(this.#front);
    this.#nextUnsent = Math.max(0, this.#nextUnsent - this.#front);
    this.#front = 0;
  }
}
