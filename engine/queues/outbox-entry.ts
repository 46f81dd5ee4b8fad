import { LIMITS } from '../base/limits.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { Companions } from './out-message.ts';
import type { MessageParts } from './packed-message.ts';

/** A message that has its place in an outbox. */
export interface Place {
  readonly companions: Companions;
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
export type OutboxEntry = Place & { readonly parts: MessageParts };

/** Who puts a message into an outbox, and is told once whether it is in there. */
export interface Offerer {
  /** @param place undefined where nothing is kept of it by which it could be taken back */
  kept(place: Place | undefined): void;
  /** @param error AiocError AIOC_QUEUE_FULL, or what the store throws */
  refused(error: unknown): void;
}

/** What a message takes at the other side until it is dealt with: one with a file, whose size is not known, much. */
export function weightOf({ sizeBytes, companions }: Pick<Place, 'sizeBytes' | 'companions'>): number {
  return sizeBytes + (companions.body === undefined ? 0 : LIMITS.fileWeightBytes);
}
