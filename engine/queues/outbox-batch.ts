import type { MessageBatch } from './message-batch.ts';
import type { OutgoingBody } from './outgoing-body.ts';

export type DeliveryState = 'waiting' | 'sent' | 'received' | 'dropped' | 'failed';

/** Consecutive messages in the log: the log id of the first, and their number. */
export interface LoggedMessages {
  readonly logId: number;
  readonly count: number;
}

/** Observes the delivery of messages. One observer may serve many, identified by their log ids. */
export interface DeliveryObserver {
  /**
   * It serves all messages of a type without an observer of their own: they cannot be cancelled, and while they wait on
   * the disk, memory keeps only their log ids.
   */
  readonly isCommon: boolean;
  /** Called whenever the state of messages changes, back to waiting included; `refused`: they are not in the queue. */
  onState(messages: LoggedMessages, state: DeliveryState | 'refused', reason?: string): void;
}

/** What accompanies messages outside their records. A file belongs to a batch of one. */
export interface DeliveryContext {
  readonly body?: OutgoingBody | undefined;
  readonly observer: DeliveryObserver;
  /** The log id of the first message; the others follow. */
  readonly logId: number;
}

/** Messages for one peer, of one type. */
export interface OutboxBatch extends MessageBatch, DeliveryContext {
  /** Data and binary of the largest message. */
  readonly largestBytes: number;
}

/** Removes messages again, unless they have been sent; absent if they cannot be cancelled. */
export type Cancel = () => void;

/**
 * How long messages wait for room in a full queue. `while-draining`: while the peer is connected and the queue shrinks.
 * `always`: their sender cannot receive a refusal, so they also wait for the disk, unless `when_full` drops messages.
 */
type Patience = 'none' | 'while-draining' | 'always';

/**
 * Reports what became of the messages of one batch, in order, in as many parts as it takes.
 *
 * @typeParam Kept what is known of messages that are kept
 */
export interface Completion<Kept = Cancel | undefined> {
  /** Absent: none. */
  readonly patience?: Patience | undefined;
  /** The next `count` messages are in the queue. */
  kept(count: number, how?: Kept): void;
  /** @param error AiocError AIOC_QUEUE_FULL, or an error of the store */
  refused(count: number, error: unknown): void;
}
