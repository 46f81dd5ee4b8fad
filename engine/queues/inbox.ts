import { LIMITS } from '../base/limits.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { lastPositionOf, sizeOfBatch } from '../storage/store.ts';
import { ArrivalLogIds } from './arrival-log-ids.ts';
import { ExpectedConsumer } from './expected-consumer.ts';
import type { Amount } from './held-messages.ts';
import { InboxAdmission, stoppingError } from './inbox-admission.ts';
import type { InboxArrival, IndexRange } from './inbox-arrival.ts';
import { type InboxBatch, inboxBatch, inboxHead } from './inbox-batch.ts';
import { InboxConsumers } from './inbox-consumers.ts';
import type { InboxOptions, InboxOutcome } from './inbox-options.ts';
import { InboxRemoval } from './inbox-removal.ts';
import { InboxWriter } from './inbox-writer.ts';
import { type CheckedBatch, type MessageBatch, messagesFrom } from './message-batch.ts';
import type { MessageSource, StoredPosition } from './message-source.ts';
import type { LoggedMessages } from './outbox-batch.ts';
import { OverflowPolicy } from './overflow-policy.ts';
import type { StoredQueue } from './stored-queue.ts';
import { UntakenMessages } from './untaken-messages.ts';

/** A message of a batch that is written to a listener one by one. */
export interface LentMessage {
  readonly position: number;
  /** What the queue shrinks by with it: the bytes of its batch if it is the last one of it. */
  readonly queueBytes: number;
  readonly atMs: number;
}

/** The queue of messages for the listener of one message type, in order, until that listener has taken them. */
export class Inbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  /** The consumers of this inbox: one at a time. */
  readonly consumers: InboxConsumers;
  /** Its stored messages, for people who look at them. */
  readonly stored: StoredQueue;
  readonly #removal: InboxRemoval;
  readonly #options: InboxOptions;
  #depth = 0;
  #bytes = 0;
  #lost = 0;
  #oldestAtMs: number | undefined;
  readonly #expected: ExpectedConsumer;
  readonly #admission: InboxAdmission;
  readonly #onArrival = new Set<() => void>();
  /** The position up to which all is taken. The store records it a little later. */
  #doneUpTo = 0;
  /** A listener may already have received messages up to this position. */
  #givenUpTo = 0;
  readonly #overflow: OverflowPolicy;
  /** Messages written to a listener that may still lose them: still in the store, but not counted in the depth. */
  #lent: LentMessage[] = [];
  readonly #writer: InboxWriter;
  readonly #logIds = new ArrivalLogIds();
  /** If nothing is stored: the waits for the listener to take messages, in order. */
  readonly #untaken = new UntakenMessages();

  constructor(options: InboxOptions) {
    this.#options = options;
    this.type = options.type;
    const { stream, store, clock, capacity, whenFull } = options;
    const onArrival = (): void => {
      for (const action of this.#onArrival) action();
    };
    const onSuperseded = ({ count, bytes }: Amount): void => this.#shrink(count, bytes);
    const onReleased = (addedBytes: number): void => this.#shrink(0, -addedBytes);
    const onLost = (peerName: string, count: number): void => {
      this.#lost += count;
      options.onLost?.(peerName, count);
    };
    this.#writer = new InboxWriter({ stream, store, clock, onArrival, onSuperseded, onReleased, onLost });
    this.#overflow = new OverflowPolicy({
      queue: this,
      ...{ capacity, whenFull, takesOneOfAnySize: true, refusedIsLost: true },
    });
    this.#expected = new ExpectedConsumer(clock, () => this.#overflow.changed());
    this.#admission = new InboxAdmission({
      overflow: this.#overflow,
      expected: this.#expected,
      whenFull,
      keep: (batch, arrival) => this.#keep(batch, arrival),
      onDropped: (messages) => this.#report(messages, 'dropped', 'the queue is full and no program listens'),
    });
    this.#removal = this.#makeRemoval();
    this.stored = {
      stream,
      read: (after, maxBytes) => store.read(stream, this.#notBefore(after), maxBytes),
      stateAt: (position) => (position <= this.#notBefore(0) ? 'gone' : 'waiting'),
      end: async () => (await store.stat(stream)).lastPosition,
      purge: (upTo, why) => this.#removal.purge(upTo, why),
    };
    this.consumers = new InboxConsumers(this.type, (hasConsumer) => this.setHasConsumer(hasConsumer));
    this.arrivals = new RateMeter(options.clock);
    this.departures = new RateMeter(options.clock);
  }

  #makeRemoval(): InboxRemoval {
    const { stream, store } = this.#options;
    return new InboxRemoval({
      ...{ type: this.type, writer: this.#writer },
      hasConsumer: () => this.hasConsumer,
      isExpected: () => this.#expected.isExpected,
      hasLent: () => this.#lent.length > 0,
      settleLent: () => this.settle(Number.POSITIVE_INFINITY),
      read: (maxBytes) => this.read(this.#doneUpTo, maxBytes),
      drop: (batch, why) => this.#drop(batch, why),
      firstIs: (batch) => {
        this.#oldestAtMs = batch?.atMs ?? this.#oldestAtMs;
      },
      ack: () => store.ack(stream, this.#doneUpTo),
      changed: () => this.#overflow.changed(),
    });
  }

  /** Restores what an earlier run left in the store, before anything is put in. */
  async restore(): Promise<void> {
    const { store, stream } = this.#options;
    const { count, bytes, oldestAtMs, lastPosition, acked } = await store.stat(stream);
    this.#oldestAtMs = oldestAtMs;
    this.#doneUpTo = acked;
    this.#givenUpTo = lastPosition;
    const held = await this.#writer.restore();
    this.#depth = count + held.count;
    this.#bytes = bytes + held.bytes;
    this.#logIds.restart(this.#depth);
  }

  /** The stored position of each of a peer's epochs. */
  storedOf(peerName: string): readonly StoredPosition[] {
    return this.#writer.storedOf(peerName).map((number) => ({ ...number, type: this.type }));
  }

  /** A peer has no more messages of an epoch up to this number: see InboxWriter. */
  gone(source: MessageSource): Promise<void> {
    return this.#writer.gone(source);
  }

  get depth(): number {
    return this.#depth;
  }

  /** The bytes of a batch count until its last message is taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that wait for room outside the inbox. */
  get waiting(): number {
    return this.#overflow.waiting;
  }

  get dropped(): number {
    return this.#overflow.dropped;
  }

  /** Messages that were damaged on the disk, and that their senders no longer have. */
  get lost(): number {
    return this.#lost;
  }

  /** Why the store accepts nothing at the moment; peers wait meanwhile. */
  get trouble(): string | undefined {
    return this.#writer.trouble;
  }

  get oldestAtMs(): number | undefined {
    return this.#depth === 0 ? undefined : this.#oldestAtMs;
  }

  /** Whether it survives a restart. */
  get isStored(): boolean {
    return this.#options.isStored;
  }

  get hasConsumer(): boolean {
    return this.#expected.isThere;
  }

  /** Calls `action` whenever a message has been stored; returns a function that unsubscribes. */
  onArrival(action: () => void): () => void {
    this.#onArrival.add(action);
    return () => void this.#onArrival.delete(action);
  }

  setHasConsumer(hasConsumer: boolean): void {
    this.#expected.set(hasConsumer);
  }

  /** The connector stops: messages that wait for room stay with their senders, and are not acknowledged. */
  release(): void {
    this.#expected.stop();
    const error = stoppingError();
    this.#admission.release(error);
    this.#untaken.refuseAll(error);
  }

  /** The connector runs again after `release`. */
  reopen(): void {
    this.#admission.reopen();
  }

  /** No consumer is expected for now. */
  abandon(): void {
    this.#expected.giveUp();
  }

  /**
   * Queues messages for the listener. If there is a slow listener, or there was one recently, they wait for room, which
   * slows the sender. Without a listener, they wait only if their sender keeps them meanwhile and when_full is `refuse`;
   * otherwise those that do not fit are dropped and counted. They also wait while the store accepts nothing, for example
   * when the disk is full: a peer receives no ack for an unstored message.
   *
   * @returns the messages that were dropped
   * @throws AiocError AIOC_CANCELLED if the connector stops before there is room
   */
  put(batch: CheckedBatch, arrival: InboxArrival = {}): Promise<readonly IndexRange[]> {
    return this.#admission.put(batch, arrival);
  }

  /** How many messages of a batch, from the first, an empty inbox has room for; at least one. */
  largestPart(batch: CheckedBatch): number {
    return this.#admission.largestPart(batch);
  }

  /**
   * Resolves when they are stored; if nothing is stored, and their sender keeps them, when they are taken.
   *
   * @returns how many of them, from the first, were not dropped
   */
  #keep({ shared, count, records }: CheckedBatch, arrival: InboxArrival): Promise<number> {
    const { source, logId = 0 } = arrival;
    const head = inboxHead(shared);
    const sizeBytes = sizeOfBatch({ head, records });
    // The age of earlier messages does not matter for these.
    if (this.#depth === 0) this.#oldestAtMs = this.#options.clock.wallNow();
    this.#depth += count;
    this.#bytes += sizeBytes;
    this.arrivals.add(count);
    return new Promise((resolve, reject) => {
      this.#writer.add({
        batch: { count, head, records },
        source,
        kept: (_count, known = 0) => {
          this.#noteStored({ logId, count }, known, knownBytes({ count, records, sizeBytes }, known));
          const isTakenLater = !this.#options.isStored && known < count;
          if (isTakenLater) this.#untaken.add({ taken: known, rest: count - known, resolve, reject });
          if (!isTakenLater || source === undefined) resolve(count);
        },
        refused: (_count, error) => {
          this.#left(count, sizeBytes);
          this.#report({ logId, count }, 'failed', 'it could not be stored; its sender keeps it');
          reject(error);
        },
      });
    });
  }

  /** @param known how many of the messages, from the first, were stored before, and so many bytes less were stored now */
  #noteStored({ logId, count }: LoggedMessages, known: number, bytes: number): void {
    if (known > 0) {
      this.#left(known, bytes);
      this.#report({ logId, count: known }, 'dropped', 'it is a duplicate');
    }
    if (known === count) return;
    const fresh = { logId: logId === 0 ? 0 : logId + known, count: count - known };
    this.#logIds.add(fresh);
    this.#report(fresh, this.#options.isStored ? 'stored' : 'in memory');
  }

  #report(messages: LoggedMessages, outcome: InboxOutcome, reason?: string): void {
    if (messages.logId !== 0) this.#options.onOutcome?.(messages, outcome, reason);
  }

  #left(count: number, bytes: number): void {
    this.#shrink(count, bytes);
    this.#overflow.changed();
  }

  #shrink(count: number, bytes: number): void {
    this.#depth -= count;
    this.#bytes -= bytes;
  }

  /** See LimitedQueue. */
  readonly dropOldest = (): Promise<number | 'look-again'> => this.#removal.dropOldest();

  /** @returns how many of its messages had not been taken or dropped */
  #drop(batch: InboxBatch, why: string): number {
    const last = lastPositionOf(batch);
    const count = last - Math.max(batch.position - 1, this.#doneUpTo);
    if (count <= 0) return 0;
    this.#doneUpTo = last;
    this.#shrink(count, batch.sizeBytes);
    this.#untaken.left(count, false);
    this.#logIds.leave(count, (messages) => this.#report(messages, 'dropped', why));
    return count;
  }

  /**
   * Batches with messages after position `after` (0: from the first), as many as are read at once. The first one may
   * also have messages up to there: see `firstIndex`. Batches whose messages are all taken never appear again.
   */
  async read(after: number, maxBytes: number = LIMITS.inboxReadBytes): Promise<readonly InboxBatch[]> {
    const { store, stream, soleSender } = this.#options;
    const batches = await store.read(stream, this.#notBefore(after), maxBytes);
    return batches.map((batch) => inboxBatch(batch, soleSender));
  }

  #notBefore(after: number): number {
    return Math.max(after, this.#lent.at(-1)?.position ?? this.#doneUpTo);
  }

  /** The index of the first message of a batch that is not taken, lent, or at most at position `after`. */
  firstIndex({ position, count }: Pick<InboxBatch, 'position' | 'count'>, after: number): number {
    return Math.min(count, Math.max(0, this.#notBefore(after) - position + 1));
  }

  /** The identity that positions belong to; see `Store.identity`. */
  get identity(): string {
    return this.#options.store.identity(this.#options.stream);
  }

  /**
   * A listener receives the messages up to this position now.
   *
   * @param first the position of the first of them
   * @returns whether a listener may have received that before, in this run or an earlier one
   */
  give(first: number, last: number = first): boolean {
    const isRepeated = first <= this.#givenUpTo;
    this.#givenUpTo = Math.max(this.#givenUpTo, last);
    return isRepeated;
  }

  /** Lends messages to a listener that may lose them; `settle` or `takeBack` follows. */
  lend(messages: readonly LentMessage[]): void {
    for (const message of messages) {
      this.#lent.push(message);
      this.#shrink(1, message.queueBytes);
      this.#oldestAtMs = message.atMs;
    }
    this.departures.add(messages.length);
    this.#overflow.changed();
  }

  /** Lent messages up to this position are safe now. */
  async settle(upTo: number): Promise<void> {
    const kept = this.#lent.findIndex(({ position }) => position > upTo);
    const settled = this.#lent.splice(0, kept < 0 ? this.#lent.length : kept);
    const last = settled.at(-1);
    if (last === undefined) return;
    this.#doneUpTo = Math.max(this.#doneUpTo, last.position);
    this.#logIds.leave(settled.length, (messages) => this.#report(messages, 'handed over'));
    await this.#options.store.ack(this.#options.stream, last.position);
  }

  /**
   * The listener is gone: its lent messages are queued again, in order.
   *
   * @returns how much that was
   */
  takeBack(): { readonly count: number; readonly bytes: number } {
    const lent = this.#lent.splice(0);
    const bytes = lent.reduce((sum, one) => sum + one.queueBytes, 0);
    this.#depth += lent.length;
    this.#bytes += bytes;
    this.#oldestAtMs = lent[0]?.atMs ?? this.#oldestAtMs;
    return { count: lent.length, bytes };
  }

  /**
   * The listener has taken all messages up to this position, or they were written to a listener that cannot confirm.
   *
   * @param sizes `count` messages; `bytes` of the batches whose last message is among them
   */
  done(
    upTo: Pick<LentMessage, 'position' | 'atMs'>,
    sizes: { readonly count: number; readonly bytes: number; readonly outcome?: 'taken' | 'handed over' },
  ): Promise<void> {
    this.#doneUpTo = Math.max(this.#doneUpTo, upTo.position);
    this.#shrink(sizes.count, sizes.bytes);
    this.departures.add(sizes.count);
    this.#oldestAtMs = upTo.atMs;
    this.#untaken.left(sizes.count, true);
    const { outcome = 'taken' } = sizes;
    this.#logIds.leave(sizes.count, (messages) => this.#report(messages, outcome));
    this.#overflow.changed();
    return this.#options.store.ack(this.#options.stream, upTo.position);
  }
}

/** What a batch is smaller by without its first messages. */
function knownBytes(batch: MessageBatch & { readonly sizeBytes: number }, known: number): number {
  if (known === 0) return 0;
  if (known === batch.count) return batch.sizeBytes;
  return batch.records.length - messagesFrom(batch, known).records.length;
}
