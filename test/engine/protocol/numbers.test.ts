import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newEpoch, numberIn, transportIdOf } from '../../../engine/protocol/message-number.ts';
import type { OutFrame } from '../../../engine/protocol/messages.ts';
import { readStreamAcks, streamAckFrame } from '../../../engine/protocol/stream-frames.ts';

const epochs = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => newEpoch({ bytes: () => Buffer.from(bytes) }));
const seqs = fc.integer({ min: 1, max: 999_999_999_999_999 });

test('a number comes back from its transport_id, which begins with no digit of Python’s', () => {
  fc.assert(
    fc.property(epochs, seqs, fc.option(seqs, { nil: undefined }), (epoch, seq, after) => {
      const number = { epoch, seq, after };
      assert.deepEqual(numberIn(transportIdOf(number)), number);
    }),
  );
  for (const other of [
    undefined,
    7,
    '7',
    true,
    null,
    [],
    {},
    'x.1',
    `${'a'.repeat(22)}.0`,
    `${'a'.repeat(22)}.-1`,
  ])
    assert.equal(numberIn(other as never), undefined);
});

const frameOf = ({ header, data }: OutFrame) => ({
  header,
  headerBytes: Buffer.from(JSON.stringify(header)),
  data,
  binary: Buffer.alloc(0),
});

const ranges = fc.tuple(seqs, fc.nat(5)).map(([from, more]) => [from, from + more] as const);

test('news of streams comes back as it was said', () => {
  const position = fc.record(
    { type: fc.string(), epoch: epochs, upTo: seqs, dropped: fc.array(ranges), hasGap: fc.boolean() },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.constantFrom('have' as const, 'ack' as const, 'gone' as const),
      fc.array(position),
      (kind, positions) => {
        const frame = streamAckFrame({ kind, positions }, { sourceId: 'me', withRanges: true });
        assert.deepEqual(readStreamAcks(frameOf(frame)), { kind, positions });
      },
    ),
  );
});

test('news that makes no sense is an error, and what is none is left alone', () => {
  const say = (data: string, type = '_aioc') =>
    readStreamAcks(frameOf({ header: { message_type: type }, data: Buffer.from(data) }));
  for (const text of [
    '{"ack": 1}',
    '{"have": [1]}',
    '{"ack": [["a", "e"]]}',
    '{"ack": [["a", "e", 1.5]]}',
    '{"ack": [["a", "e", 1, ["x"]]]}',
  ])
    assert.throws(() => say(text), { code: 'AIOC_FRAME_BAD' }, text);
  for (const text of ['', 'no JSON', '[]', '{"refused": "declined"}', 'null'])
    assert.equal(say(text), undefined);
  assert.equal(say('{"ack": []}', 'any'), undefined);
});

test('a peer without batches reads the numbers of dropped messages one by one', () => {
  const position = { type: 'any', epoch: 'e', upTo: 9, dropped: [[3, 5] as const, [7, 7] as const] };
  const { data } = streamAckFrame(
    { kind: 'ack', positions: [position] },
    { sourceId: 'me', withRanges: false },
  );
  assert.deepEqual(JSON.parse(String(data)), { ack: [['any', 'e', 9, [3, 4, 5, 7]]] });
});
