import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBatchBuilder, recordsOf } from '../../../engine/protocol/record-batch.ts';
import { BatchParts } from '../../../engine/queues/batch-parts.ts';
import type { MessageBatch } from '../../../engine/queues/message-batch.ts';

const EMPTY = Buffer.alloc(0);

/** Every third message has a header of its own; the others repeat the one before. */
function batchOf(count: number): MessageBatch {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < count; index += 1) {
    const headerBytes = Buffer.from(`{"tag": "${Math.floor(index / 3)}"}`);
    builder.add({ headerBytes, data: Buffer.from(`${index}`), binary: EMPTY });
  }
  return builder.takeWhole();
}

function messagesOf(batch: MessageBatch): readonly string[] {
  return [...recordsOf(batch.records)].map(({ headerBytes, data }) => `${headerBytes} ${data}`);
}

test('the parts of a batch have all its messages with their headers, in order', () => {
  const batch = batchOf(11);
  const parts = new BatchParts(batch);
  const counts = [1, 1, 3, 2, 4];
  const cut = counts.map((count) => parts.next(count));
  assert.deepEqual(
    cut.map(({ count }) => count),
    counts,
  );
  assert.equal(parts.taken, 11);
  assert.equal(parts.rest.count, 0);
  assert.deepEqual(cut.flatMap(messagesOf), messagesOf(batch));
});

test('a part is as large as its bytes in the batch and the header that it repeats', () => {
  const parts = new BatchParts(batchOf(8));
  for (let left = 8; left > 0; left -= 1) {
    const { addedBytes, rest } = parts;
    const last = parts.rest.records.length;
    const part = parts.next(1);
    assert.equal(part.records.length, addedBytes + last - parts.rest.records.length);
    assert.equal(rest.count, left);
  }
});

test('a batch in one part is the batch itself, and a large one is cut in one walk', () => {
  const batch = batchOf(3);
  assert.equal(new BatchParts(batch).next(3), batch);
  const many = batchOf(4_096);
  const parts = new BatchParts(many);
  let bytes = 0;
  while (parts.taken < many.count) bytes += parts.next(1).records.length;
  // With each part, only its own bytes are copied.
  assert.ok(bytes < 2 * many.records.length);
});
