import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLocalFrame } from '../../../engine/local/local-frames.ts';
import { listenerFrames } from '../../../engine/local/python/listener-frames.ts';
import { pythonJson } from '../../../engine/protocol/header.ts';
import { RecordBatchBuilder } from '../../../engine/protocol/record-batch.ts';
import type { InboxBatch } from '../../../engine/queues/inbox-batch.ts';

const RESERVED = [
  '__proto__',
  'message_type',
  'source_id',
  'destination_id',
  'transport_id',
  'with_binary',
  'aioc_batch',
];
const SHARED = { message_type: 'any', source_id: 'client1' };

interface Message {
  readonly header: Readonly<Record<string, unknown>>;
  readonly data: Buffer;
  readonly binary: Buffer;
}

function batch(messages: readonly Message[]): InboxBatch {
  const builder = new RecordBatchBuilder();
  for (const { header, data, binary } of messages)
    builder.add({ headerBytes: Buffer.from(JSON.stringify(header)), data, binary });
  const { count, records } = builder.takeWhole();
  const head = Buffer.from(pythonJson(SHARED));
  return { count, records, head, position: 100, sizeBytes: records.length, atMs: 5 };
}

const bytes = fc.uint8Array({ maxLength: 20 }).map((all) => Buffer.from(all));
const message = fc.record(
  {
    header: fc.dictionary(
      fc.string().filter((key) => !RESERVED.includes(key)),
      fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
      { maxKeys: 2, noNullPrototype: true },
    ),
    data: bytes,
    binary: bytes,
  },
  { noNullPrototype: true },
);

test('a Python listener receives each message of a batch as a frame of its own, from any index on', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), fc.nat(8), (messages, index) => {
      const from = Math.min(index, messages.length);
      const one = batch(messages);
      const frames = listenerFrames(one, from);
      assert.equal(frames.length, messages.length - from);
      for (const [at, frame] of frames.entries()) {
        assert.equal(frame.bytes.readUInt32LE(0), frame.bytes.length - 4);
        const { header, data, binary } = parseLocalFrame(frame.bytes.subarray(4));
        const sent = messages[from + at] as Message;
        const withBinary = sent.binary.length > 0 && { with_binary: true };
        assert.deepEqual({ ...header }, { ...SHARED, ...withBinary, ...sent.header });
        assert.deepEqual([data, binary], [sent.data, sent.binary]);
        assert.deepEqual([frame.position, frame.atMs], [100 + from + at, 5]);
        const isLast = from + at === messages.length - 1;
        assert.equal(frame.queueBytes, isLast ? one.sizeBytes : 0, 'a batch counts until its last message');
      }
    }),
  );
});

test('a header of the sender goes as it came, after what the batch says', () => {
  const builder = new RecordBatchBuilder();
  const headerBytes = Buffer.from('{"tag":"\\u00e9",  "n": 1.50}');
  builder.add({ headerBytes, data: Buffer.from('x'), binary: Buffer.alloc(0) });
  const [frame] = listenerFrames({ ...batch([]), ...builder.takeWhole() }, 0);
  assert.ok(frame !== undefined);
  const text = parseLocalFrame(frame.bytes.subarray(4)).headerBytes.toString();
  assert.equal(text, '{"message_type": "any", "source_id": "client1", "tag":"\\u00e9",  "n": 1.50}');
});
