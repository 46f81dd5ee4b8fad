import { parseMarkName } from './mark-name.ts';
import type { SourceMark } from './store.ts';

/**
 * Names the stream of batches that are held back: batches of one epoch behind a gap that damage made in the sequence
 * numbers. The original stream continues without them. Its mark is the number before the gap until the queue knows
 * whether the sender sends the missing messages again.
 *
 * @param epoch the name of the mark: see `markName`
 */
export function heldStreamName(number: number, epoch: string, stream: string): string {
  return `held/${number}/${encodeURIComponent(epoch)}/${stream}`;
}

/** The stream and the mark behind which its batches wait; undefined for the name of any other stream. */
export function parseHeldStream(
  name: string,
): ({ readonly stream: string } & Pick<SourceMark, 'sender' | 'epoch'>) | undefined {
  const [, epoch, stream] = /^held\/\d+\/([^/]*)\/(.+)$/s.exec(name) ?? [];
  return epoch === undefined || stream === undefined
    ? undefined
    : { stream, ...parseMarkName(decodeURIComponent(epoch)) };
}
