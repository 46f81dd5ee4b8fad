import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { MessageParts } from './message-record.ts';
import type { DeliveryContext, OutMessage } from './out-message.ts';

/** A message that has its place in an outbox. */
export interface QueuedMessage {
  readonly context: DeliveryContext;
  readonly number: MessageNumber;
  readonly position: number;
  readonly sizeBytes: number;
  readonly atMs: number;
  /** Absent while it is in the store only. */
  parts: MessageParts | undefined;
  sent: boolean;
  gone: boolean;
}

/** One that is ready to be sent. */
export type OutboxEntry = QueuedMessage & { readonly parts: MessageParts };

/** One that has not been sent. All are made here, in one shape, which the engine's inner loops thank with speed. */
export function queuedMessage(place: Omit<QueuedMessage, 'sent' | 'gone'>): QueuedMessage {
  const { context, number, position, sizeBytes, atMs, parts } = place;
  return { context, number, position, sizeBytes, atMs, parts, sent: false, gone: false };
}

/**
 * How long a message waits for room in a full queue. `while-draining`: as long as the peer is connected and the queue gets
 * emptier by itself. `always`: its sender can't be told that it was refused, so it waits for the disk, too, unless
 * `when_full` says that messages are dropped.
 */
type Patience = 'none' | 'while-draining' | 'always';

/** Who puts a message into an outbox, and is told once whether it is in there. */
export interface Completion {
  /** Absent: none. */
  readonly patience?: Patience;
  /** @param place undefined where nothing is kept of it by which it could be taken back */
  kept(place: QueuedMessage | undefined): void;
  /** @param error AiocError AIOC_QUEUE_FULL, or what the store throws */
  refused(error: unknown): void;
}

/** A message does not get into the queue: whoever offered it is told why, and whoever watches it. */
export function refuse({ observer, logId }: OutMessage, completion: Completion, error: unknown): void {
  observer.onState(logId, 'refused', toAiocError(error).message);
  completion.refused(error);
}

/** What a message takes at the other side until it is dealt with: one with a file, whose size is not known, much. */
export function weightOf({ sizeBytes, context }: Pick<QueuedMessage, 'sizeBytes' | 'context'>): number {
  return sizeBytes + (context.body === undefined ? 0 : LIMITS.fileWeightBytes);
}
