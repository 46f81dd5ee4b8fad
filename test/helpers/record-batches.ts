import { batchHeader } from '../../engine/local/native/batch-packets.ts';
import { RecordBatchBuilder } from '../../engine/protocol/record-batch.ts';

export interface TestRecord {
  /** Default: nothing. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly binary?: string;
}

/** The records of messages in a batch. */
export function recordsWith(records: readonly (TestRecord | string)[]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const record of records) {
    const { header = {}, text, binary = '' } = typeof record === 'string' ? { text: record } : record;
    const headerBytes = Buffer.from(JSON.stringify(header));
    builder.add({ headerBytes, data: Buffer.from(text), binary: Buffer.from(binary) });
  }
  return builder.takeWhole().records;
}

/** A batch of the type `event` as packets have it. */
export function batchWith(records: readonly (TestRecord | string)[], count = records.length) {
  const header = batchHeader({ message_type: 'event', source_id: 'edge' }, count);
  return { header, records: [recordsWith(records)] };
}
