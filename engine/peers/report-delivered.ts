import type { SeqRange } from '../protocol/stream-frames.ts';
import type { LeftMessages } from '../queues/outbox-entry.ts';

/**
 * Reports that the peer has acknowledged messages.
 *
 * @param dropped the numbers of those that it dropped on purpose
 */
export function reportDelivered({ entry, from, to }: LeftMessages, dropped: readonly SeqRange[]): void {
  const { number, context } = entry;
  let at = from;
  for (const [first, last] of dropped) {
    const start = Math.max(at, first - number.seq);
    const end = Math.min(to, last - number.seq + 1);
    if (end <= start) continue;
    entry.report(at, start, 'received');
    entry.report(start, end, 'dropped');
    at = end;
  }
  entry.report(at, to, 'received');
  context.body?.onDelivered();
}
