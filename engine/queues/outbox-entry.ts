import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { Completion, DeliveryContext, DeliveryState, OutboxBatch } from './outbox-batch.ts';

/** What an entry is made of. */
export type EntryFields = Pick<
  OutboxEntry,
  'context' | 'number' | 'position' | 'count' | 'sizeBytes' | 'largestBytes' | 'atMs' | 'records'
>;

/** Consecutive messages in an outbox. Numbers and indexes of messages count from the first. */
export class OutboxEntry {
  readonly context: DeliveryContext;
  /** The number of the first message. */
  readonly number: MessageNumber;
  /** The position of the first message in the store. */
  readonly position: number;
  readonly count: number;
  readonly sizeBytes: number;
  readonly largestBytes: number;
  readonly atMs: number;
  /** Absent while it is only in the store. */
  records: Buffer | undefined;
  /** How many messages, from the first, were sent on the current connection. */
  sent = 0;
  /** When the latest of them were sent, by the monotonic clock. */
  sentAtMs = 0;
  /** How many messages, from the first, have left the queue. */
  left = 0;
  /** Messages behind those that were acknowledged out of order, as some Python peers do. */
  #leftEarly: Set<number> | undefined;

  constructor(fields: EntryFields) {
    this.context = fields.context;
    this.number = fields.number;
    this.position = fields.position;
    this.count = fields.count;
    this.sizeBytes = fields.sizeBytes;
    this.largestBytes = fields.largestBytes;
    this.atMs = fields.atMs;
    this.records = fields.records;
  }

  get gone(): boolean {
    return this.left === this.count;
  }

  /** The number of the last message. */
  get lastSeq(): number {
    return this.number.seq + this.count - 1;
  }

  /**
   * The message at `index` has left the queue.
   *
   * @returns how many messages have left it in order with this one
   */
  leave(index: number): number {
    if (index !== this.left) {
      this.#leftEarly ??= new Set();
      this.#leftEarly.add(index);
      return 0;
    }
    const before = this.left;
    this.left += 1;
    while (this.#leftEarly?.delete(this.left)) this.left += 1;
    return this.left - before;
  }

  /**
   * All messages up to before index `to` have left the queue.
   *
   * @returns how many of them had not left before
   */
  leaveUpTo(to: number): number {
    const count = to - this.left;
    if (count <= 0) return 0;
    if (this.#leftEarly === undefined) {
      this.left = to;
      return count;
    }
    let fresh = 0;
    for (let index = this.left; index < to; index += 1) {
      if (!this.#leftEarly.delete(index)) fresh += 1;
    }
    this.left = to;
    while (this.#leftEarly.delete(this.left)) this.left += 1;
    return fresh;
  }

  hasLeft(index: number): boolean {
    return index < this.left || this.#leftEarly?.has(index) === true;
  }

  /** Whether messages behind one that has not left have left, so that the rest is no batch. */
  get hasHoles(): boolean {
    return this.#leftEarly !== undefined && this.#leftEarly.size > 0;
  }

  /** The messages before index `end` that have not left, as ranges from an index to before another. */
  waitingRanges(end: number): readonly (readonly [from: number, to: number])[] {
    if (!this.hasHoles) return [[this.left, end]];
    const ranges: (readonly [number, number])[] = [];
    let from = this.left;
    for (let index = this.left; index < end; index += 1) {
      if (!this.hasLeft(index)) continue;
      ranges.push([from, index]);
      from = index + 1;
    }
    return [...ranges, [from, end]];
  }

  /** The connection on which messages were sent is lost: they will be sent again. */
  rewind(): void {
    const { sent } = this;
    this.sent = 0;
    for (const [from, to] of this.waitingRanges(sent)) this.report(from, to, 'waiting');
  }

  /** Reports a state of the messages from `from` to before `to`. */
  report(from: number, to: number, state: DeliveryState, reason?: string): void {
    const { observer, logId } = this.context;
    if (to > from)
      observer.onState({ logId: logId === 0 ? 0 : logId + from, count: to - from }, state, reason);
  }
}

/** Messages of an entry that have left the queue: from index `from` to before `to`. */
export interface LeftMessages {
  readonly entry: OutboxEntry;
  readonly from: number;
  readonly to: number;
}

/** Refuses messages: reports the reason to their completion and their observer. */
export function refuse(
  { observer, logId, count }: OutboxBatch,
  completion: Completion,
  error: unknown,
): void {
  observer.onState({ logId, count }, 'refused', toAiocError(error).message);
  completion.refused(count, error);
}

/** The weight of unacknowledged messages at the peer; a file of unknown size counts as large. */
export function weightOf({ sizeBytes, context }: Pick<OutboxEntry, 'sizeBytes' | 'context'>): number {
  return sizeBytes + (context.body === undefined ? 0 : LIMITS.fileWeightBytes);
}
