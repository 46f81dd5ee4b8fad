import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { countIn, ReceivedBatches } from '../../../engine/peers/received-batches.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import type { Header, JsonObject } from '../../../engine/protocol/header.ts';
import { batchOf } from '../../helpers/message-batches.ts';
import { recordsWith } from '../../helpers/record-batches.ts';

const NOTHING = Buffer.alloc(0);

function frame(header: JsonObject, data: Buffer, binary = NOTHING): Frame {
  const all = { message_type: 'any', source_id: 'peer', ...header } as Header;
  return { header: all, headerBytes: Buffer.from(JSON.stringify(all)), data, binary };
}

const batches = new ReceivedBatches();

test('a batch is taken as it came, and says what it has', () => {
  const records = recordsWith(['a', { text: 'bb', binary: 'ccc', header: { response_id: 1 } }, 'd']);
  const read = batches.read(frame({ aioc_batch: 3, transport_id: 'x', other: 1 }, records), true);
  assert.equal(read.records, records);
  const { count, largestBytes, hasResponse, shared } = read;
  assert.deepEqual([count, largestBytes, hasResponse], [3, 5, true]);
  assert.deepEqual(shared, { message_type: 'any', source_id: 'peer' });
  const opened = batches.opened(read);
  assert.deepEqual(
    opened.map(({ largestBytes: its, hasResponse: answers }) => [its, answers]),
    [
      [1, false],
      [5, true],
      [1, false],
    ],
  );
});

test('a single message, from any peer, is a batch of one', () => {
  for (const speaksBatches of [true, false]) {
    const read = batches.read(frame({ response_id: 4 }, Buffer.from('aa'), Buffer.from('b')), speaksBatches);
    assert.deepEqual([read.count, read.largestBytes, read.hasResponse], [1, 3, true]);
  }
  const old = batches.read(frame({ aioc_batch: 3 }, Buffer.from('not a batch')), false);
  assert.deepEqual(
    [old.count, old.largestBytes],
    [1, 11],
    'the key means nothing from a peer without batches',
  );
});

test('the name of one peer does not stay for the next', () => {
  const one = batches.read(frame({}, NOTHING), true).shared;
  assert.equal(batches.read(frame({}, NOTHING), true).shared, one);
  const other = batches.read(frame({ source_id: 'other', destination_id: 'us' }, NOTHING), true).shared;
  assert.deepEqual(other, { message_type: 'any', source_id: 'other', destination_id: 'us' });
  assert.deepEqual(batches.read(frame({}, NOTHING), true).shared, one);
});

test('a batch that is not as it must be is a bad frame, wherever its count is read', () => {
  const records = recordsWith(['a', 'b']);
  for (const count of [0, -1, 1.5, '2', null, true, 1e9, LIMITS.batchMessages + 1]) {
    const bad = frame({ aioc_batch: count }, records);
    assert.throws(() => batches.read(bad, true), { code: 'AIOC_FRAME_BAD' }, String(count));
    assert.throws(() => countIn(bad, true), { code: 'AIOC_FRAME_BAD' }, String(count));
    assert.equal(countIn(bad, false), 1);
  }
  const large = recordsWith(['a', 'x'.repeat(LIMITS.largeBatchBytes)]);
  for (const [count, data, binary] of [
    [1, records, NOTHING],
    [3, records, NOTHING],
    [2, records.subarray(0, -1), NOTHING],
    [2, NOTHING, NOTHING],
    [2, records, Buffer.from('b')],
    [2, large, NOTHING],
  ] as const)
    assert.throws(() => batches.read(frame({ aioc_batch: count }, data, binary), true), {
      code: 'AIOC_FRAME_BAD',
    });
  assert.equal(
    batches.read(frame({ aioc_batch: 1 }, recordsWith(['x'.repeat(LIMITS.largeBatchBytes)])), true).count,
    1,
  );
});

test('no message in a batch says what the batch says', () => {
  for (const key of [
    'message_type',
    'source_id',
    'destination_id',
    'transport_id',
    'with_binary',
    'aioc_batch',
  ]) {
    for (const text of [
      `{"${key}": "x"}`,
      `{"a": 1, "${key}": "x", "b": 2}`,
      `{"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}": 1}`,
    ]) {
      const { records } = batchOf(['x'], Buffer.from(text));
      assert.throws(
        () => batches.read(frame({ aioc_batch: 1 }, records), true),
        { code: 'AIOC_FRAME_BAD' },
        text,
      );
    }
  }
});

test('whichever byte of a batch is changed, it is a bad frame', () => {
  const records = recordsWith(['first', { text: 'second', header: { tag: 'x' } }, 'third']);
  fc.assert(
    fc.property(fc.nat(records.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(records);
      changed[at] = (changed[at] as number) ^ flip;
      assert.throws(() => batches.read(frame({ aioc_batch: 3 }, changed), true), { code: 'AIOC_FRAME_BAD' });
    }),
  );
});
