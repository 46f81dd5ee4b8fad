import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { framesOf, recordHeader } from '../../../engine/protocol/batched-messages.ts';
import { parseHeader } from '../../../engine/protocol/header.ts';
import { checkBatch, RecordBatchBuilder } from '../../../engine/protocol/record-batch.ts';

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const id = fc.oneof(fc.string(), fc.integer());
const own = fc.record(
  { tag: fc.string(), request_id: id, response_id: id, ключ: value, 'a "quoted" key': value },
  { requiredKeys: [] },
);
const message = fc.record({
  own,
  data: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  binary: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
});

test('messages that were put into a batch are the same frames when they leave it', () => {
  const shared = { message_type: 'any', source_id: 'a', destination_id: 'b' };
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), (messages) => {
      const builder = new RecordBatchBuilder();
      const headers = messages.map(({ own, binary }) => ({
        ...shared,
        ...own,
        ...(binary.length > 0 && { with_binary: true }),
      }));
      for (const [index, { data, binary }] of messages.entries()) {
        const header = { ...(headers[index] as (typeof headers)[number]), transport_id: 'mine' };
        builder.add({ headerBytes: recordHeader(header), data, binary });
      }
      const { count, records } = builder.takeWhole();
      checkBatch(records, count);
      const frames = [...framesOf(shared, records)];
      for (const [index, { header, headerBytes, data, binary }] of frames.entries()) {
        assert.deepEqual(header, headers[index]);
        assert.deepEqual(parseHeader(headerBytes), headers[index]);
        assert.deepEqual(data, messages[index]?.data);
        assert.deepEqual(binary, messages[index]?.binary);
      }
      assert.equal(frames.length, messages.length);
    }),
  );
});
