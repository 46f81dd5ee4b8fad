import type { SharedHeader } from '../protocol/batched-messages.ts';
import {
  batchFrom,
  messagesWithin,
  offsetOf,
  RECORD_HEAD_BYTES,
  RECORD_HEADER_MAX_BYTES,
  RecordBatchBuilder,
} from '../protocol/record-batch.ts';

/** Consecutive messages of one stream, which were checked where they came in (engine/protocol/record-batch.ts). */
export interface MessageBatch {
  readonly count: number;
  readonly records: Buffer;
}

/** Messages from a program or from a peer, with what their check has seen of them (checkBatch). */
export interface CheckedBatch extends MessageBatch {
  /** What their headers share: type, destination, and the source of those from a peer. */
  readonly shared: SharedHeader;
  /** Data and binary of the largest message. */
  readonly largestBytes: number;
  /** Whether one of them answers a request. */
  readonly hasResponse: boolean;
}

/** The messages from index `from` on. */
export function messagesFrom<Batch extends MessageBatch>(batch: Batch, from: number): Batch {
  if (from === 0) return batch;
  const { count, pieces } = batchFrom(batch.records, batch.count, from);
  return { ...batch, count, records: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces) };
}

/** The first `count` messages. */
export function firstMessages<Batch extends MessageBatch>(batch: Batch, count: number): Batch {
  if (count === batch.count) return batch;
  return { ...batch, count, records: batch.records.subarray(0, offsetOf(batch.records, count)) };
}

/**
 * The first messages of a batch, as many as have at most `maxBytes` together: for one who takes no larger batches than
 * that. A message that is larger is alone.
 */
export function firstPart<Batch extends MessageBatch>(batch: Batch, maxBytes: number): Batch {
  const { count, records } = batch;
  if (count === 1 || records.length <= maxBytes) return batch;
  return firstMessages(batch, Math.max(1, messagesWithin(records, maxBytes)));
}

/** The messages of a batch in batches of at most `maxBytes` each; a message that is larger is alone. */
export function* partsWithin<Batch extends MessageBatch>(batch: Batch, maxBytes: number): Generator<Batch> {
  for (let rest = batch; ; ) {
    const part = firstPart(rest, maxBytes);
    yield part;
    if (part.count === rest.count) return;
    rest = messagesFrom(rest, part.count);
  }
}

/** Whether the header of a batch's only message may have with_file, with or without a file. */
export function mayNameFile({ count, records }: MessageBatch): boolean {
  if (count > 1) return false;
  const headerEnd = RECORD_HEAD_BYTES + records.readUInt16LE(8);
  return records.subarray(RECORD_HEAD_BYTES, headerEnd).includes(WITH_FILE);
}

/**
 * Whether peers take it as a batch: the header of a single message, perhaps of an earlier version, may be too long or
 * have with_file.
 */
export function isSendable(batch: MessageBatch): boolean {
  if (batch.count > 1) return true;
  return batch.records.readUInt16LE(8) <= RECORD_HEADER_MAX_BYTES && !mayNameFile(batch);
}

/** A single message as a batch. */
export function batchOfOne(message: {
  readonly headerBytes: Buffer;
  readonly data: Buffer;
  readonly binary?: Buffer | undefined;
}): MessageBatch {
  const builder = new RecordBatchBuilder(0);
  const { headerBytes, data, binary = EMPTY } = message;
  builder.add({ headerBytes, data, binary });
  return builder.takeWhole();
}

const EMPTY = Buffer.alloc(0);
const WITH_FILE = Buffer.from('"with_file"');
