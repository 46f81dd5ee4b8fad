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

test('stream acks are read as they were written, with ranges or with single numbers', () => {
  const range = fc.tuple(fc.nat(1_000_000), fc.nat(20)).map(([from, more]) => [from, from + more] as const);
  const position = fc.record(
    { type: fc.string(), epoch: epochs, upTo: seqs, dropped: fc.array(range), hasGap: fc.boolean() },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.constantFrom('have' as const, 'ack' as const, 'gone' as const),
      fc.array(position),
      (kind, positions) => {
        const read = (withRanges: boolean) =>
          readStreamAcks(frameOf(streamAckFrame({ kind, positions }, { sourceId: 'me', withRanges })));
        assert.deepEqual(read(true), { kind, positions });
        const oneByOne = positions.map(({ dropped, ...rest }) => ({
          ...rest,
          dropped: dropped.flatMap(([from, to]) =>
            Array.from({ length: to - from + 1 }, (_, index) => [from + index, from + index]),
          ),
        }));
        assert.deepEqual(read(false), { kind, positions: oneByOne });
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
