/**
 * Names the stream of records that are held back: records of one epoch behind a gap that damage made in the sequence
 * numbers. The original stream continues without them. `lastSource` returns the number before the gap until the queue
 * knows whether the sender sends the missing records again.
 */
export function heldStreamName(number: number, epoch: string, stream: string): string {
  return `held/${number}/${encodeURIComponent(epoch)}/${stream}`;
}

/** Returns undefined for the name of any other stream. */
export function parseHeldStream(
  name: string,
): { readonly stream: string; readonly epoch: string } | undefined {
  const [, epoch, stream] = /^held\/\d+\/([^/]*)\/(.+)$/s.exec(name) ?? [];
  return epoch === undefined || stream === undefined
    ? undefined
    : { stream, epoch: decodeURIComponent(epoch) };
}
