import { afterMicrotasks } from '../../base/batching.ts';
import { LIMITS } from '../../base/limits.ts';
import { type MemoryBudget, MemoryLease } from '../../base/memory-budget.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { InboxBatch } from '../../queues/inbox-batch.ts';
import type { Subscriber } from '../../queues/inbox-consumers.ts';
import { messagesFrom } from '../../queues/message-batch.ts';

/** Messages for a subscription, and the position of the first in the connector's store. */
export type GivenBatch = Pick<InboxBatch, 'position' | 'count' | 'head' | 'records'> & {
  /** A listener may have received them before. */
  readonly redelivered: boolean;
};

export interface ServedSubscriptionOptions {
  readonly inbox: Inbox;
  /** Maximum number of unacknowledged messages, apart from one batch. */
  readonly credit: number;
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  give(batch: GivenBatch): void;
  /** Another program has taken over. */
  onSuperseded(): void;
  onChange(): void;
}

/** Delivered messages of a batch that are not all acknowledged. */
interface Unacknowledged {
  /** Of the first that is not acknowledged. */
  position: number;
  count: number;
  readonly atMs: number;
  readonly sizeBytes: number;
}

/**
 * Delivers the messages of one type to a program, in order, and removes them from the inbox when the program acknowledges
 * them. The next listener gets the messages that are unacknowledged when the program disconnects.
 */
export class ServedSubscription implements Subscriber {
  readonly #options: ServedSubscriptionOptions;
  readonly #forgetArrivals: () => void;
  /** In the order of their positions. */
  readonly #given: Unacknowledged[] = [];
  /** Messages in it. */
  #givenCount = 0;
  /** For those. */
  readonly #lease: MemoryLease;
  /** Read from the inbox, but not delivered yet. */
  #read: readonly InboxBatch[] = [];
  #next = 0;
  #readUpTo = 0;
  #mayBeMore = true;
  #state: 'waiting' | 'open' | 'ended' = 'waiting';
  #reading = false;
  #planned = false;
  #retry: Timer | undefined;

  constructor(options: ServedSubscriptionOptions) {
    this.#options = options;
    this.#lease = new MemoryLease(options.budget);
    this.#forgetArrivals = options.inbox.onArrival(() => this.#arrived());
  }

  /** Call when no other consumer takes from the inbox. */
  start(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    void this.#fill();
  }

  /** The program acknowledged everything up to this position. */
  taken(upTo: number): void {
    let [count, bytes, over] = [0, 0, 0];
    let last: { readonly position: number; readonly atMs: number } | undefined;
    for (const batch of this.#given) {
      const part = Math.min(batch.count, upTo - batch.position + 1);
      if (part <= 0) break;
      last = { position: batch.position + part - 1, atMs: batch.atMs };
      count += part;
      batch.position += part;
      batch.count -= part;
      if (batch.count > 0) break;
      bytes += batch.sizeBytes;
      over += 1;
    }
    if (last === undefined) return;
    this.#given.splice(0, over);
    this.#givenCount -= count;
    this.#lease.give(bytes);
    // Not awaited: the inbox does not read these messages again.
    this.#options.inbox.done(last, { count, bytes }).catch(() => undefined);
    this.#options.onChange();
    void this.#fill();
  }

  supersede(): void {
    this.#close();
    this.#options.onSuperseded();
  }

  end(): void {
    this.#close();
    this.#options.inbox.consumers.unsubscribe(this);
  }

  #close(): void {
    this.#state = 'ended';
    this.#lease.giveAll();
    this.#retry?.cancel();
    this.#forgetArrivals();
  }

  /** Reads the messages that arrive in one event together. */
  #arrived(): void {
    this.#mayBeMore = true;
    if (this.#planned || this.#reading || this.#state !== 'open') return;
    this.#planned = true;
    afterMicrotasks(() => {
      this.#planned = false;
      void this.#fill();
    });
  }

  /** Delivers until the inbox is empty or the credit is used up. */
  async #fill(): Promise<void> {
    if (this.#reading || this.#state !== 'open') return;
    this.#reading = true;
    try {
      for (;;) {
        this.#giveRead();
        if (this.#next < this.#read.length || !this.#mayBeMore) break;
        this.#mayBeMore = false;
        this.#next = 0;
        this.#read = await this.#options.inbox.read(this.#readUpTo);
        if (this.#state !== 'open') break;
        // There may be more; an empty read means that there is not.
        if (this.#read.length > 0) this.#mayBeMore = true;
      }
    } catch {
      this.#mayBeMore = true;
      this.#retry?.cancel();
      if (!this.#isEnded) {
        this.#retry = this.#options.clock.after(LIMITS.listenerRetryMs, () => void this.#fill());
      }
    }
    this.#reading = false;
  }

  get #isEnded(): boolean {
    return this.#state === 'ended';
  }

  #giveRead(): void {
    for (; this.#next < this.#read.length; this.#next += 1) {
      const batch = this.#read[this.#next] as InboxBatch;
      if (!this.#hasCreditFor(batch.sizeBytes)) return;
      this.#giveBatch(batch);
    }
    this.#read = [];
    this.#next = 0;
  }

  #giveBatch(batch: InboxBatch): void {
    const { inbox, give } = this.#options;
    const from = inbox.firstIndex(batch, this.#readUpTo);
    const last = batch.position + batch.count - 1;
    this.#readUpTo = Math.max(this.#readUpTo, last);
    if (from === batch.count) return;
    const position = batch.position + from;
    const { head, sizeBytes, atMs } = batch;
    const { count, records } = messagesFrom(batch, from);
    const redelivered = inbox.give(position, last);
    this.#given.push({ position, count, atMs, sizeBytes });
    this.#givenCount += count;
    this.#lease.take(sizeBytes);
    give({ position, redelivered, count, head, records });
  }

  #hasCreditFor(bytes: number): boolean {
    if (this.#given.length === 0) return true;
    const isFull =
      this.#givenCount >= this.#options.credit || this.#lease.heldBytes + bytes > LIMITS.subscriptionBytes;
    return !isFull && this.#lease.mayTake(bytes);
  }
}
