/**
 * How a store calls the stream of what it holds back: records of one epoch that it has found behind a hole in the
 * numbers, which damage has made. Their stream of before goes on without them, and `lastSource` says the number before
 * the hole, until who reads the queue has learnt whether the missing ones come again.
 */
export function heldStreamName(number: number, epoch: string, stream: string): string {
  return `held/${number}/${encodeURIComponent(epoch)}/${stream}`;
}

/** Undefined for any other stream. */
export function parseHeldStream(
  name: string,
): { readonly stream: string; readonly epoch: string } | undefined {
  const [, epoch, stream] = /^held\/\d+\/([^/]*)\/(.+)$/s.exec(name) ?? [];
  return epoch === undefined || stream === undefined
    ? undefined
    : { stream, epoch: decodeURIComponent(epoch) };
}
