import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { MessageParts } from './message-record.ts';
import type { DeliveryContext, OutMessage } from './out-message.ts';

/** A message in an outbox. */
export interface QueuedMessage {
  readonly context: DeliveryContext;
  readonly number: MessageNumber;
  readonly position: number;
  readonly sizeBytes: number;
  readonly atMs: number;
  /** Absent while it is only in the store. */
  parts: MessageParts | undefined;
  sent: boolean;
  gone: boolean;
}

/** A message that is loaded and ready to be sent. */
export type OutboxEntry = QueuedMessage & { readonly parts: MessageParts };

/** Creates an unsent entry. All entries are made here with one shape, which keeps the inner loops fast. */
export function queuedMessage(place: Omit<QueuedMessage, 'sent' | 'gone'>): QueuedMessage {
  const { context, number, position, sizeBytes, atMs, parts } = place;
  return { context, number, position, sizeBytes, atMs, parts, sent: false, gone: false };
}

/**
 * How long a message waits for room in a full queue. `while-draining`: while the peer is connected and the queue
 * shrinks. `always`: its sender cannot receive a refusal, so it also waits for the disk, unless `when_full` drops
 * messages.
 */
type Patience = 'none' | 'while-draining' | 'always';

/** Reports once whether a message was queued. */
export interface Completion {
  /** Absent: none. */
  readonly patience?: Patience;
  /** @param place undefined if the message cannot be cancelled */
  kept(place: QueuedMessage | undefined): void;
  /** @param error AiocError AIOC_QUEUE_FULL, or an error of the store */
  refused(error: unknown): void;
}

/** Refuses a message: reports the reason to its completion and its observer. */
export function refuse({ observer, logId }: OutMessage, completion: Completion, error: unknown): void {
  observer.onState(logId, 'refused', toAiocError(error).message);
  completion.refused(error);
}

/** The weight of an unacknowledged message at the peer; a file of unknown size counts as large. */
export function weightOf({ sizeBytes, context }: Pick<QueuedMessage, 'sizeBytes' | 'context'>): number {
  return sizeBytes + (context.body === undefined ? 0 : LIMITS.fileWeightBytes);
}
