import { largestMessageIn, RecordBatchBuilder, recordsOf } from '../../engine/protocol/record-batch.ts';
import type { CheckedBatch, MessageBatch } from '../../engine/queues/message-batch.ts';
import type { DeliveryObserver, OutboxBatch } from '../../engine/queues/outbox-batch.ts';
import { NOBODY } from './nobody.ts';

const NO_HEADER = Buffer.from('{}');
const NOTHING = Buffer.alloc(0);

/** A batch with these texts as data. */
export function batchOf(texts: readonly string[], headerBytes: Buffer = NO_HEADER): MessageBatch {
  const builder = new RecordBatchBuilder();
  for (const text of texts) builder.add({ headerBytes, data: Buffer.from(text), binary: NOTHING });
  return builder.takeWhole();
}

export function textsIn({ records }: { readonly records: Buffer }): string[] {
  return [...recordsOf(records)].map(({ data }) => data.toString());
}

export function textsInAll(batches: readonly { readonly records: Buffer }[]): string[] {
  return batches.flatMap(textsIn);
}

/** A batch from a peer. */
export function incoming(texts: readonly string[], type = 'any'): CheckedBatch {
  const batch = batchOf(texts);
  const shared = { message_type: type, source_id: 'peer' };
  return { ...batch, shared, largestBytes: largestMessageIn(batch.records), hasResponse: false };
}

/** A batch for a peer. */
export function outgoing(
  texts: readonly string[],
  { observer = NOBODY, logId = 0 }: { readonly observer?: DeliveryObserver; readonly logId?: number } = {},
): OutboxBatch {
  const batch = batchOf(texts);
  return { ...batch, largestBytes: largestMessageIn(batch.records), observer, logId };
}
