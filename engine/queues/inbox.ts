import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { Store } from '../storage/store.ts';
import { ArrivalLogIds } from './arrival-log-ids.ts';
import type { Capacity } from './capacity.ts';
import type { Amount } from './held-messages.ts';
import { InboxConsumers } from './inbox-consumers.ts';
import { InboxWriter } from './inbox-writer.ts';
import type { MessageSource, StoredPosition } from './message-source.ts';
import { OverflowPolicy } from './overflow-policy.ts';
import { type StoredRecord, storedRecords } from './stored-message.ts';
import { withKnownSource } from './stored-source.ts';

export interface InboxOptions {
  readonly type: string;
  /** The name of its stream in the store. */
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
  /** Whether it survives a restart. If not, a numbered message stays with its sender until it is taken. */
  readonly isStored: boolean;
  /** Messages of a peer were damaged on the disk and will not arrive again. */
  readonly onLost?: (peerName: string, count: number) => void;
  /** Reports the outcome of a message that has a log id. */
  readonly onOutcome?: (logId: number, outcome: InboxOutcome, reason?: string) => void;
  /** The only possible sender, if there is just one: a client's server. */
  readonly soleSender?: string | undefined;
}

/**
 * The outcome of a message in an inbox. `taken`: its listener has confirmed it. `handed over`: it was written to the
 * socket of a listener that cannot confirm.
 */
export type InboxOutcome = 'stored' | 'in memory' | 'taken' | 'handed over' | 'dropped' | 'failed';

/** The number of a message, if its sender would send it again, and its log id; both may be absent. */
export interface InboxArrival {
  readonly source?: MessageSource | undefined;
  readonly logId?: number | undefined;
  /** Its sender keeps it until it is acknowledged, so it may wait for room indefinitely. */
  readonly senderKeeps?: boolean;
}

/** Waits until the listener has taken a message. */
interface Untaken {
  resolve(kept: boolean): void;
  reject(error: unknown): void;
}

interface LentMessage {
  readonly position: number;
  readonly bytes: number;
  readonly atMs: number;
}

/** The queue of messages for the listener of one message type, in order, until that listener has taken them. */
export class Inbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  /** The consumers of this inbox: one at a time. */
  readonly consumers: InboxConsumers;
  readonly #options: InboxOptions;
  #depth = 0;
  #bytes = 0;
  #lost = 0;
  #oldestAtMs: number | undefined;
  #hasConsumer = false;
  /** There is a consumer, or there was one recently that may return: waiting for room makes sense. */
  #expectsConsumer = false;
  #giveUp: Timer | undefined;
  #isReleased = false;
  readonly #onArrival = new Set<() => void>();
  /** The position up to which all is taken. The store records it a little later. */
  #doneUpTo = 0;
  /** Records up to this position are from an earlier run, perhaps of a version that trusted the source in a frame. */
  #restoredUpTo = 0;
  /** A listener may already have received messages up to this position. */
  #givenUpTo = 0;
  readonly #overflow: OverflowPolicy;
  /** Messages written to a listener that may still lose them: still in the store, but not counted in the depth. */
  #lent: LentMessage[] = [];
  readonly #writer: InboxWriter;
  readonly #logIds = new ArrivalLogIds();
  /** If nothing is stored: for each message, the wait for the listener to take it. */
  readonly #untaken: (Untaken | undefined)[] = [];

  constructor(options: InboxOptions) {
    this.#options = options;
    this.type = options.type;
    const { stream, store, clock, capacity, whenFull } = options;
    const onArrival = (): void => {
      for (const action of this.#onArrival) action();
    };
    const onSuperseded = ({ count, bytes }: Amount): void => {
      this.#depth -= count;
      this.#bytes -= bytes;
    };
    const onLost = (peerName: string, count: number): void => {
      this.#lost += count;
      options.onLost?.(peerName, count);
    };
    this.#writer = new InboxWriter({ stream, store, clock, onArrival, onSuperseded, onLost });
    this.#overflow = new OverflowPolicy({
      queue: this,
      ...{ capacity, whenFull, takesOneOfAnySize: true, refusedIsLost: true },
    });
    this.consumers = new InboxConsumers(this.type, (hasConsumer) => this.setHasConsumer(hasConsumer));
    this.arrivals = new RateMeter(options.clock);
    this.departures = new RateMeter(options.clock);
  }

  /** Restores what an earlier run left in the store, before anything is put in. */
  async restore(): Promise<void> {
    const { store, stream } = this.#options;
    const { count, bytes, oldestAtMs, lastPosition } = await store.stat(stream);
    this.#oldestAtMs = oldestAtMs;
    this.#doneUpTo = 0;
    this.#givenUpTo = lastPosition;
    const held = await this.#writer.restore();
    this.#depth = count + held.count;
    this.#bytes = bytes + held.bytes;
    this.#logIds.restart(this.#depth);
    this.#restoredUpTo = lastPosition;
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
    return this.#hasConsumer;
  }

  /** Calls `action` whenever a message has been stored; returns a function that unsubscribes. */
  onArrival(action: () => void): () => void {
    this.#onArrival.add(action);
    return () => void this.#onArrival.delete(action);
  }

  setHasConsumer(hasConsumer: boolean): void {
    if (hasConsumer === this.#hasConsumer) return;
    this.#hasConsumer = hasConsumer;
    this.#giveUp?.cancel();
    if (hasConsumer) {
      this.#expectsConsumer = true;
      return;
    }
    // A restarted program returns soon. Without a consumer, nothing makes room, and waiting messages must be decided
    // again.
    this.#giveUp = this.#options.clock.after(LIMITS.listenerGraceMs, () => this.abandon());
  }

  /** The connector stops: messages that wait for room stay with their senders, and are not acknowledged. */
  release(): void {
    this.#giveUp?.cancel();
    this.#expectsConsumer = false;
    this.#isReleased = true;
    this.#overflow.refuseAll(stopping());
    for (const waiting of this.#untaken) waiting?.reject(stopping());
  }

  /** The connector runs again after `release`. */
  reopen(): void {
    this.#isReleased = false;
  }

  /** No consumer is expected for now. */
  abandon(): void {
    this.#giveUp?.cancel();
    this.#expectsConsumer = false;
    this.#overflow.changed();
  }

  /**
   * Queues one frame for the listener. If there is a slow listener, or there was one recently, it waits for room, which
   * slows the sender. Without a listener, it waits only if its sender keeps it meanwhile and when_full is `refuse`;
   * otherwise it is dropped and counted. It also waits while the store accepts nothing, for example when the disk is
   * full: a peer receives no ack for an unstored message.
   *
   * @returns false if it was dropped
   * @throws AiocError AIOC_CANCELLED if the connector stops before there is room
   */
  put(frame: Buffer, arrival: InboxArrival = {}): Promise<boolean> {
    if (this.#overflow.isOpen(frame.length)) return this.#keep(frame, arrival);
    if (this.#isReleased) return Promise.reject(stopping());
    const isHeld = arrival.senderKeeps === true && this.#options.whenFull === 'refuse';
    return new Promise((resolve, reject) => {
      void this.#overflow.whenRoom({
        sizeBytes: frame.length,
        mayWait: () => isHeld || this.#expectsConsumer,
        enter: () => void this.#keep(frame, arrival).then(resolve, reject),
        refused: (error) => {
          if (error.code !== 'AIOC_QUEUE_FULL') return reject(error);
          this.#report(arrival.logId ?? 0, 'dropped', 'the queue is full and no program listens');
          resolve(false);
        },
      });
    });
  }

  #keep(frame: Buffer, { source, logId = 0 }: InboxArrival): Promise<boolean> {
    // The age of earlier messages does not matter for this one.
    if (this.#depth === 0) this.#oldestAtMs = this.#options.clock.wallNow();
    this.#depth += 1;
    this.#bytes += frame.length;
    this.arrivals.add();
    return new Promise((resolve, reject) => {
      this.#writer.add({
        frame,
        source,
        stored: (isRepeated) => {
          if (isRepeated) this.#left(frame);
          else if (!this.#options.isStored) this.#untaken.push(source && { resolve, reject });
          this.#noteStored(logId, isRepeated);
          if (isRepeated || this.#options.isStored || source === undefined) resolve(true);
        },
        refused: (error) => {
          this.#left(frame);
          this.#report(logId, 'failed', 'it could not be stored; its sender keeps it');
          reject(error);
        },
      });
    });
  }

  #noteStored(logId: number, isRepeated: boolean): void {
    if (isRepeated) return this.#report(logId, 'dropped', 'it is a duplicate');
    this.#logIds.add(logId);
    this.#report(logId, this.#options.isStored ? 'stored' : 'in memory');
  }

  #report(logId: number, outcome: InboxOutcome, reason?: string): void {
    if (logId !== 0) this.#options.onOutcome?.(logId, outcome, reason);
  }

  #left(frame: Buffer): void {
    this.#depth -= 1;
    this.#bytes -= frame.length;
    this.#overflow.changed();
  }

  /** See LimitedQueue. */
  async dropOldest(): Promise<'dropped' | 'look-again' | 'none'> {
    const { store, stream } = this.#options;
    // Lent messages are older: they are dropped too, and not redelivered.
    await this.settle(Number.POSITIVE_INFINITY).catch(() => undefined);
    const [oldest, next] = storedRecords(await store.read(stream, this.#doneUpTo, 1).catch(() => []));
    if (oldest === undefined) {
      // The oldest message is still being stored.
      const wasStoring = this.#writer.isBusy;
      await this.#writer.idle();
      return wasStoring ? 'look-again' : 'none';
    }
    this.#depth -= 1;
    this.#bytes -= oldest.payload.length;
    this.#oldestAtMs = next?.atMs ?? oldest.atMs;
    this.#untaken.shift()?.resolve(false);
    this.#logIds.leave(1, (logId) =>
      this.#report(logId, 'dropped', 'the queue was full and this was the oldest message'),
    );
    store.ack(stream, oldest.position).catch(() => undefined);
    return 'dropped';
  }

  /**
   * Messages after position `after` (0: from the first), as many as are read at once. Taken messages never appear
   * again.
   */
  async read(after: number): Promise<readonly StoredRecord[]> {
    const { store, stream } = this.#options;
    const goneUpTo = this.#lent.at(-1)?.position ?? this.#doneUpTo;
    const records = storedRecords(await store.read(stream, Math.max(after, goneUpTo), LIMITS.inboxReadBytes));
    if ((records[0]?.position ?? Number.POSITIVE_INFINITY) > this.#restoredUpTo) return records;
    return records.map((record) => withKnownSource(record, this.#options.soleSender));
  }

  /** The identity that positions belong to; see `Store.identity`. */
  get identity(): string {
    return this.#options.store.identity(this.#options.stream);
  }

  /**
   * A listener receives the message at this position now.
   *
   * @returns whether a listener may have received it before, in this run or an earlier one
   */
  give(position: number): boolean {
    if (position <= this.#givenUpTo) return true;
    this.#givenUpTo = position;
    return false;
  }

  /** Lends messages to a listener that may lose them; `settle` or `takeBack` follows. */
  lend(batch: readonly StoredRecord[]): void {
    for (const { position, payload, atMs } of batch) {
      this.#lent.push({ position, bytes: payload.length, atMs });
      this.#depth -= 1;
      this.#bytes -= payload.length;
      this.#oldestAtMs = atMs;
    }
    this.departures.add(batch.length);
    this.#overflow.changed();
  }

  /** Lent messages up to this position are safe now. */
  async settle(upTo: number): Promise<void> {
    const kept = this.#lent.findIndex(({ position }) => position > upTo);
    const settled = this.#lent.splice(0, kept < 0 ? this.#lent.length : kept);
    const last = settled.at(-1);
    if (last === undefined) return;
    this.#doneUpTo = Math.max(this.#doneUpTo, last.position);
    this.#logIds.leave(settled.length, (logId) => this.#report(logId, 'handed over'));
    await this.#options.store.ack(this.#options.stream, last.position);
  }

  /**
   * The listener is gone: its lent messages are queued again, in order.
   *
   * @returns how much that was
   */
  takeBack(): { readonly count: number; readonly bytes: number } {
    const lent = this.#lent.splice(0);
    const bytes = lent.reduce((sum, one) => sum + one.bytes, 0);
    this.#depth += lent.length;
    this.#bytes += bytes;
    this.#oldestAtMs = lent[0]?.atMs ?? this.#oldestAtMs;
    return { count: lent.length, bytes };
  }

  /** The listener has taken everything up to this record, or it was written to a listener that cannot confirm. */
  done(
    record: Pick<StoredRecord, 'position' | 'atMs'>,
    sizes: { readonly count: number; readonly bytes: number; readonly outcome?: 'taken' | 'handed over' },
  ): Promise<void> {
    this.#doneUpTo = Math.max(this.#doneUpTo, record.position);
    this.#depth -= sizes.count;
    this.#bytes -= sizes.bytes;
    this.departures.add(sizes.count);
    this.#oldestAtMs = record.atMs;
    for (const waiting of this.#untaken.splice(0, sizes.count)) waiting?.resolve(true);
    const { outcome = 'taken' } = sizes;
    this.#logIds.leave(sizes.count, (logId) => this.#report(logId, outcome));
    this.#overflow.changed();
    return this.#options.store.ack(this.#options.stream, record.position);
  }
}

function stopping(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the connector is stopping');
}
