import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as nativeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32, crc32Of, viewOf } from '../../../engine/base/crc32.ts';
import {
  type BatchRecord,
  batchFrom,
  checkBatch,
  type RecordBatch,
  RecordBatchBuilder,
  recordsOf,
} from '../../../engine/protocol/record-batch.ts';

const bytesOf = ({ pieces }: RecordBatch): Buffer => Buffer.concat(pieces);

function batchOf(records: readonly BatchRecord[]): RecordBatch {
  const builder = new RecordBatchBuilder();
  for (const record of records) builder.add(record);
  return builder.take();
}

const body = fc
  .oneof(
    { weight: 6, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 9000, maxLength: 9100 }) },
  )
  .map((array) => Buffer.from(array));
const records = fc.array(
  fc.record({
    headerBytes: fc
      .constantFrom('{}', '{"tag": "a"}', '{"tag": "b", "n": 1}')
      .map((text) => Buffer.from(text)),
    data: body,
    binary: body,
  }),
  { minLength: 1, maxLength: 40 },
);

const plain = (list: Iterable<BatchRecord>): unknown =>
  [...list].map((one) => [one.headerBytes.toString(), one.data.toString('hex'), one.binary.toString('hex')]);

test('the checksum is CRC-32, at every length and going on from another', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(600), (array, cut) => {
      const bytes = Buffer.from(array);
      const at = Math.min(cut, bytes.length);
      assert.equal(crc32(bytes), nativeCrc32(bytes));
      assert.equal(crc32(bytes, at, bytes.length, crc32(bytes, 0, at)), nativeCrc32(bytes));
      assert.equal(crc32Of(bytes, viewOf(bytes), at, bytes.length), nativeCrc32(bytes.subarray(at)));
    }),
  );
});

test('what a batch was made of is what it holds, and it passes its check', () => {
  fc.assert(
    fc.property(records, (list) => {
      const batch = batchOf(list);
      const bytes = bytesOf(batch);
      assert.equal(batch.count, list.length);
      assert.equal(batch.sizeBytes, bytes.length);
      checkBatch(bytes, batch.count);
      assert.deepEqual(plain(recordsOf(bytes)), plain(list));
    }),
  );
});

test('a batch from its middle on is a batch of the messages that are left', () => {
  fc.assert(
    fc.property(records, fc.nat(39), (list, cut) => {
      const from = cut % list.length;
      const batch = batchOf(list);
      const rest = batchFrom(bytesOf(batch), batch.count, from);
      const bytes = bytesOf(rest);
      assert.equal(rest.sizeBytes, bytes.length);
      checkBatch(bytes, list.length - from);
      assert.deepEqual(plain(recordsOf(bytes)), plain(list.slice(from)));
    }),
  );
});

test('a changed byte, a cut and a wrong count are found', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, change) => {
      const batch = batchOf(list);
      const bytes = bytesOf(batch);
      const changed = Buffer.from(bytes);
      const at = place % bytes.length;
      changed[at] = (changed[at] as number) ^ change;
      assert.throws(() => checkBatch(changed, batch.count), { code: 'AIOC_FRAME_BAD' });
      assert.throws(() => checkBatch(bytes.subarray(0, at), batch.count), { code: 'AIOC_FRAME_BAD' });
      assert.throws(() => checkBatch(bytes, batch.count + 1), { code: 'AIOC_FRAME_BAD' });
    }),
  );
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['no header at all', '', /message 1 of a batch has no header before it/],
  ['a header that is no object', '[1]', /message 1 of a batch has a header that does not begin with a brace/],
  ['a header that is no JSON', '{"a": ', /not readable/],
  ['a source_id', '{"source_id": "x"}', /has source_id in its header/],
  ['a destination_id', '{"destination_id": "x"}', /has destination_id in its header/],
  ['a message_type', '{"message_type": "x"}', /has message_type in its header/],
  ['a with_binary', '{"with_binary": true}', /has with_binary in its header/],
  ['blanks before its header', ' {}', /does not begin with a brace/],
  ['a transport_id', '{"transport_id": 1}', /has transport_id in its header/],
];
for (const [name, header, expected] of refused) {
  test(`a message with ${name} is refused where it comes in`, () => {
    const one = { headerBytes: Buffer.from(header), data: Buffer.from('x'), binary: Buffer.alloc(0) };
    assert.throws(() => checkBatch(bytesOf(batchOf([one])), 1), expected);
  });
}

test('a file is alone in its batch', () => {
  const file = {
    headerBytes: Buffer.from('{"with_file": {}}'),
    data: Buffer.alloc(0),
    binary: Buffer.alloc(0),
  };
  assert.equal(checkBatch(bytesOf(batchOf([file])), 1).hasFile, true);
  assert.throws(() => checkBatch(bytesOf(batchOf([file, file])), 2), /has a file and is not alone/);
});

test('the check says how large the largest message is, and whether one is a response', () => {
  const one = (header: string, size: number): BatchRecord => ({
    headerBytes: Buffer.from(header),
    data: Buffer.alloc(size),
    binary: Buffer.alloc(2),
  });
  const plainOnes = batchOf([one('{}', 3), one('{}', 900), one('{"request_id": 1}', 5)]);
  assert.deepEqual(checkBatch(bytesOf(plainOnes), 3), {
    largestBytes: 902,
    hasResponse: false,
    hasFile: false,
  });
  const answers = batchOf([one('{}', 3), one('{"response_id": 1}', 4)]);
  assert.deepEqual(checkBatch(bytesOf(answers), 2), { largestBytes: 6, hasResponse: true, hasFile: false });
  assert.throws(() => checkBatch(Buffer.alloc(0), 0), /a batch of 0 messages has 0/);
});

test('text is held as bytes would be', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 4_000 }), { maxLength: 12 }), (texts) => {
      const asText = new RecordBatchBuilder();
      const asBytes = new RecordBatchBuilder();
      texts.forEach((text, index) => {
        const header = index % 3 === 0 ? '{}' : '{"tag": "t"}';
        asText.addMessage(header, text, Buffer.alloc(0));
        asBytes.add({ headerBytes: Buffer.from(header), data: Buffer.from(text), binary: Buffer.alloc(0) });
      });
      assert.equal(asText.sizeBytes, asBytes.sizeBytes);
      assert.deepEqual(bytesOf(asText.take()), bytesOf(asBytes.take()));
    }),
  );
});

test('a program may change its bytes as soon as its message is added', () => {
  for (const [dataBytes, binaryBytes] of [
    [100, 0],
    [100, 100],
    [100, 100_000],
    [100_000, 100],
  ] as const) {
    const [data, binary] = [new Uint8Array(dataBytes).fill(1), new Uint8Array(binaryBytes).fill(2)];
    const builder = new RecordBatchBuilder();
    builder.addMessage('{"tag": "t"}', data, binary);
    data.fill(3);
    binary.fill(3);
    const bytes = bytesOf(builder.take());
    checkBatch(bytes, 1);
    const [message] = [...recordsOf(bytes)];
    assert.deepEqual(message?.headerBytes, Buffer.from('{"tag": "t"}'));
    assert.deepEqual(message?.data, Buffer.alloc(dataBytes, 1));
    assert.deepEqual(message?.binary, Buffer.alloc(binaryBytes, 2));
  }
});

test('large messages are not copied', () => {
  const data = Buffer.alloc(100_000, 7);
  const { pieces } = batchOf([{ headerBytes: Buffer.from('{}'), data, binary: Buffer.alloc(0) }]);
  assert.ok(pieces.includes(data));
});
