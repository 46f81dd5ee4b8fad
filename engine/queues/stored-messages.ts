import { LIMITS } from '../base/limits.ts';
import { framesOf, type SharedHeader, sharedOf } from '../protocol/batched-messages.ts';
import { type Header, parseHeader } from '../protocol/header.ts';
import { checkBatch } from '../protocol/record-batch.ts';
import type { StoredBatch } from '../storage/store.ts';
import { type OldMessage, readOldIncoming, readOldOutgoing } from './old-records.ts';
import { numberInHead } from './outbox-head.ts';
import { parseStreamName, type StreamName } from './stream-names.ts';

/** A message in a store, for people who inspect it. */
export interface StoredMessage {
  readonly position: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly atMs: number;
  readonly header: Header;
  readonly data: Buffer;
  /** Absent if it has none. */
  readonly binary?: Buffer;
}

/**
 * The messages of a stored batch; undefined if it is not one of a queue.
 *
 * @param stream the name of its stream
 */
export function storedMessages(stream: string, batch: StoredBatch): readonly StoredMessage[] | undefined {
  const name = parseStreamName(stream);
  if (name === undefined) return undefined;
  try {
    const { shared, records } = contentOf(name, batch);
    return [...framesOf(shared, records)].map(({ header, data, binary }, index) => ({
      position: batch.position + index,
      atMs: batch.atMs,
      header,
      data,
      ...(binary.length > 0 && { binary }),
    }));
  } catch {
    // Other bytes than those of a queue.
    return undefined;
  }
}

function contentOf(
  name: StreamName,
  { count, head, records }: StoredBatch,
): { readonly shared: SharedHeader; readonly records: Buffer } {
  if (head.length === 0)
    return ofOldMessage(name.direction === 'out' ? readOldOutgoing(records) : readOldIncoming(records));
  // Messages imported from Python may have longer headers.
  checkBatch(records, count, LIMITS.headerBytes);
  if (name.direction === 'in') return { shared: parseHeader(head), records };
  numberInHead(head);
  return { shared: { message_type: name.type, destination_id: name.peer }, records };
}

function ofOldMessage({ header, batch }: OldMessage): {
  readonly shared: SharedHeader;
  readonly records: Buffer;
} {
  return { shared: sharedOf(header), records: batch.records };
}
