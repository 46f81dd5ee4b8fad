import type { MessageBatch } from './message-batch.ts';
import type { MessageSource } from './message-source.ts';

/** The number of the first message, if its sender would send it again, and its log id; both may be absent. */
export interface InboxArrival {
  readonly source?: MessageSource | undefined;
  readonly logId?: number | undefined;
  /** Their sender keeps them until they are acknowledged, so they may wait for room indefinitely. */
  readonly senderKeeps?: boolean | undefined;
}

/** Messages of a batch, by index: from the first to the last, inclusive. */
export type IndexRange = readonly [from: number, to: number];

/** The arrival of the messages from index `from` on. */
export function laterArrival(arrival: InboxArrival, from: number): InboxArrival {
  const { source, logId = 0 } = arrival;
  return {
    ...arrival,
    ...(source !== undefined && { source: { ...source, seq: source.seq + from } }),
    ...(logId !== 0 && { logId: logId + from }),
  };
}

/**
 * The dropped messages of a batch.
 *
 * @param kept how many of them, from the first, were not dropped
 * @param from the index of the first message in a larger batch
 */
export function droppedOf({ count }: MessageBatch, kept: number, from = 0): readonly IndexRange[] {
  return kept >= count ? NONE : [[from + kept, from + count - 1]];
}

const NONE: readonly IndexRange[] = [];
