import { afterMicrotasks } from '../../base/batching.ts';
import { LIMITS } from '../../base/limits.ts';
import { type MemoryBudget, MemoryLease } from '../../base/memory-budget.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { Subscriber } from '../../queues/inbox-consumers.ts';
import type { StoredRecord } from '../../queues/stored-message.ts';
import type { SubscribedMessage } from './packets.ts';

export interface ServedSubscriptionOptions {
  readonly inbox: Inbox;
  /** Maximum number of unacknowledged messages. */
  readonly credit: number;
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  give(message: SubscribedMessage): void;
  /** Another program has taken over. */
  onSuperseded(): void;
  onChange(): void;
}

/** A delivered message that is not acknowledged. */
interface GivenMessage {
  readonly position: number;
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * Delivers the messages of one type to a program, in order, and removes them from the inbox when the program acknowledges
 * them. The next listener gets the messages that are unacknowledged when the program disconnects.
 */
export class ServedSubscription implements Subscriber {
  readonly #options: ServedSubscriptionOptions;
  readonly #forgetArrivals: () => void;
  /** In the order of their positions. */
  readonly #given: GivenMessage[] = [];
  /** For those. */
  readonly #lease: MemoryLease;
  /** Read from the inbox, but not delivered yet. */
  #read: readonly StoredRecord[] = [];
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
    let count = 0;
    let bytes = 0;
    for (; (this.#given[count]?.position ?? Number.POSITIVE_INFINITY) <= upTo; count += 1) {
      bytes += this.#given[count]?.bytes ?? 0;
    }
    const last = this.#given.splice(0, count).at(-1);
    if (last === undefined) return;
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
        this.#readUpTo = this.#read.at(-1)?.position ?? this.#readUpTo;
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
      const { position, payload, atMs } = this.#read[this.#next] as StoredRecord;
      if (!this.#hasCreditFor(payload.length)) return;
      const redelivered = this.#options.inbox.give(position);
      this.#given.push({ position, atMs, bytes: payload.length });
      this.#lease.take(payload.length);
      this.#options.give({ position, redelivered, frame: payload.subarray(4) });
    }
    this.#read = [];
    this.#next = 0;
  }

  #hasCreditFor(bytes: number): boolean {
    if (this.#given.length === 0) return true;
    const isFull =
      this.#given.length >= this.#options.credit || this.#lease.heldBytes + bytes > LIMITS.subscriptionBytes;
    return !isFull && this.#lease.mayTake(bytes);
  }
}
