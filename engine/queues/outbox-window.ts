import { LIMITS } from '../base/limits.ts';
import { type MemoryBudget, MemoryLease } from '../base/memory-budget.ts';
import type { OutboxEntry } from './outbox-entry.ts';

/** The next entries of an outbox, in order, which are in memory. */
export class OutboxWindow {
  /** Its bytes, apart from a single batch. */
  maxBytes: number = LIMITS.outboxWindowBytes;
  readonly #lease: MemoryLease;
  #entries: OutboxEntry[] = [];
  /**
   * How many entries at the start are gone and acknowledged to the store; compacted occasionally, not each time.
   */
  #front = 0;
  #nextUnsent = 0;

  constructor(budget: MemoryBudget) {
    this.#lease = new MemoryLease(budget);
  }

  /** The index of the first entry that is not known to be gone. */
  get from(): number {
    return this.#front;
  }

  /** The index behind the last entry. */
  get end(): number {
    return this.#entries.length;
  }

  /** The entry at an index from `from` to before `end`. */
  at(index: number): OutboxEntry {
    return this.#entries[index] as OutboxEntry;
  }

  get oldest(): OutboxEntry | undefined {
    return this.#entries[this.#front];
  }

  /** The first entry of which nothing was sent on the current connection. */
  get oldestUnsent(): OutboxEntry | undefined {
    const first = this.next();
    if (first === undefined || first.sent === 0) return first;
    // Messages are sent in order, so only the first one may be on its way in part.
    for (let index = this.#nextUnsent + 1; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index] as OutboxEntry;
      if (!entry.gone && entry.sent === 0) return entry;
    }
    return undefined;
  }

  /** What has become of the message at a position; messages behind the window wait. */
  stateAt(position: number): 'waiting' | 'sent' | 'gone' {
    for (let index = this.#front; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index] as OutboxEntry;
      const at = position - entry.position;
      if (at < 0 || at >= entry.count) continue;
      return entry.hasLeft(at) ? 'gone' : at < entry.sent ? 'sent' : 'waiting';
    }
    return 'waiting';
  }

  /** The first entry with messages that were not sent on the current connection. */
  next(): OutboxEntry | undefined {
    for (; this.#nextUnsent < this.#entries.length; this.#nextUnsent += 1) {
      const entry = this.#entries[this.#nextUnsent] as OutboxEntry;
      if (!entry.gone && entry.sent < entry.count) return entry;
    }
    return undefined;
  }

  /** The first entry of an epoch. */
  firstOf(epoch: string): OutboxEntry | undefined {
    for (let index = this.#front; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index] as OutboxEntry;
      if (!entry.gone && entry.number.epoch === epoch) return entry;
    }
    return undefined;
  }

  /** Whether one more batch fits; at least one always does. */
  fits(sizeBytes: number): boolean {
    const { heldBytes } = this.#lease;
    if (heldBytes === 0) return true;
    const isSmall =
      this.#entries.length - this.#front < LIMITS.outboxWindow && heldBytes + sizeBytes <= this.maxBytes;
    return isSmall && this.#lease.mayTake(sizeBytes);
  }

  /** Whether entries may be loaded: there is memory, or will be after some acks. */
  get mayLoad(): boolean {
    return this.#lease.mayTake(LIMITS.outboxLoadBytes);
  }

  push(entry: OutboxEntry): void {
    this.#lease.take(entry.sizeBytes);
    this.#entries.push(entry);
  }

  /** The last message of an entry has left: its memory is free. The entry stays until `forgetGone`. */
  free({ records, sizeBytes }: OutboxEntry): void {
    if (records !== undefined) this.#lease.give(sizeBytes);
  }

  /** The connection is lost: unacknowledged messages will be sent again, in order. */
  rewind(): void {
    this.#nextUnsent = this.#front;
    for (const entry of this.#entries) {
      if (!entry.gone) entry.rewind();
    }
  }

  /**
   * Cuts gone entries off.
   *
   * @returns the position up to which all messages have left, if any have
   */
  forgetGone(): number {
    const before = this.#front;
    while (this.#entries[this.#front]?.gone) this.#front += 1;
    const next = this.#entries[this.#front];
    const last = next !== undefined && next.left > 0 ? next : this.#entries[this.#front - 1];
    const upTo = last === undefined ? 0 : last.position + last.left - 1;
    // Each compaction copies the rest, so it waits until at least as many entries can go.
    if (this.#front > before && this.#front * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#front);
      this.#nextUnsent = Math.max(0, this.#nextUnsent - this.#front);
      this.#front = 0;
    }
    return upTo;
  }
}
