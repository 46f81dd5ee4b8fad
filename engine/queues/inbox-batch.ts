import { framesOf, type SharedHeader, sharedOf } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { parseHeader, pythonJson } from '../protocol/header.ts';
import { type StoredBatch, sizeOfBatch } from '../storage/store.ts';
import type { MessageBatch } from './message-batch.ts';
import { readOldIncoming } from './old-records.ts';

/** A batch in an inbox. */
export interface InboxBatch extends MessageBatch {
  /** The position of the first message; the others follow. */
  readonly position: number;
  /** What the store counts for the whole batch. */
  readonly sizeBytes: number;
  readonly atMs: number;
  /** The shared part of the header, as a JSON object. */
  readonly head: Buffer;
}

/** Many batches in a row have the same head. */
let latest: { readonly shared: SharedHeader; readonly head: Buffer } | undefined;

/** The head of a batch in an inbox's stream: the shared part of its messages' headers. */
export function inboxHead(shared: SharedHeader): Buffer {
  if (latest?.shared !== shared) latest = { shared, head: Buffer.from(pythonJson(shared), 'latin1') };
  return latest.head;
}

/**
 * A batch as it was read from the store. One of a version without batches is a single frame, which may name any source.
 *
 * @param soleSender the only possible sender
 */
export function inboxBatch(
  { position, count, head, records, atMs, sender }: StoredBatch,
  soleSender: string | undefined,
): InboxBatch {
  const sizeBytes = sizeOfBatch({ head, records });
  if (head.length > 0) return { position, count, head, records, sizeBytes, atMs };
  const { header, batch } = readOldIncoming(records);
  const source = soleSender ?? sender;
  const shared = { ...sharedOf(header), ...(source !== undefined && { source_id: source }) };
  return { ...batch, position, head: Buffer.from(pythonJson(shared), 'latin1'), sizeBytes, atMs };
}

/** The messages of a batch as frames, for a listener that does not understand batches. */
export function framesOfInboxBatch({ head, records }: Pick<InboxBatch, 'head' | 'records'>): Iterable<Frame> {
  return framesOf(parseHeader(head), records);
}
