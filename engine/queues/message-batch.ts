import { batchFrom, offsetOf, RecordBatchBuilder } from '../protocol/record-batch.ts';

/** Consecutive messages of one stream, which were checked where they came in (engine/protocol/record-batch.ts). */
export interface MessageBatch {
  readonly count: number;
  readonly records: Buffer;
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

/** A single message as a batch. */
export function batchOfOne(message: {
  readonly headerBytes: Buffer;
  readonly data: Buffer;
  readonly binary?: Buffer | undefined;
}): MessageBatch {
  const builder = new RecordBatchBuilder();
  const { headerBytes, data, binary = EMPTY } = message;
  builder.add({ headerBytes, data, binary });
  return builder.takeWhole();
}

const EMPTY = Buffer.alloc(0);
