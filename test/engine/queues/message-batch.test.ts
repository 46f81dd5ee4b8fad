import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkBatch, RecordBatchBuilder, recordsOf } from '../../../engine/protocol/record-batch.ts';
import { type MessageBatch, partsWithin } from '../../../engine/queues/message-batch.ts';

const sizes = fc.array(fc.record({ tag: fc.integer({ min: 0, max: 2 }), sizeBytes: fc.nat(300) }), {
  minLength: 1,
  maxLength: 40,
});

function messagesOf({ records }: MessageBatch): string[] {
  return [...recordsOf(records)].map(({ headerBytes, data }) => `${headerBytes} ${data}`);
}

test('the parts of a batch are as large as they may be and whole, and have its messages with their headers', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5_000 }), (messages, maxBytes) => {
      const builder = new RecordBatchBuilder();
      for (const [index, { tag, sizeBytes }] of messages.entries())
        builder.add({
          headerBytes: Buffer.from(`{"tag": "${tag}"}`),
          data: Buffer.from(`${index}`.padEnd(sizeBytes, '.')),
          binary: Buffer.alloc(0),
        });
      const batch = builder.takeWhole();
      const parts = [...partsWithin(batch, maxBytes)];
      for (const [index, { count, records }] of parts.entries()) {
        checkBatch(records, count);
        assert.ok(count === 1 || records.length <= maxBytes);
        // The header that the next message may repeat is not in its part a second time.
        const next = parts[index + 1]?.records;
        if (next !== undefined) assert.ok(records.length + 4 + next.readUInt32LE(0) > maxBytes);
      }
      assert.deepEqual(parts.flatMap(messagesOf), messagesOf(batch));
      if (batch.records.length <= maxBytes) assert.deepEqual(parts, [batch]);
    }),
  );
});
