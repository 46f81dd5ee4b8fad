import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordsOf } from '../../../engine/protocol/record-batch.ts';
import { RecordCursor } from '../../../engine/protocol/record-cursor.ts';
import { recordsWith } from '../../helpers/record-batches.ts';

const tag = { tag: 't' };
const records = recordsWith(['a', { text: '', header: tag }, { text: 'c', header: tag, binary: 'b' }, 'd']);

test('a cursor goes through a batch as the objects do', () => {
  const cursor = new RecordCursor(records);
  let before = '';
  for (const { headerBytes, data, binary } of recordsOf(records)) {
    assert.equal(cursor.isAtEnd, false);
    assert.ok(cursor.next());
    const header = records.toString('utf8', cursor.headerAt, cursor.dataAt) || before;
    assert.equal(header, headerBytes.toString());
    before = header;
    assert.deepEqual(records.subarray(cursor.dataAt, cursor.binaryAt), data);
    assert.deepEqual(records.subarray(cursor.binaryAt, cursor.end), binary);
  }
  assert.equal(cursor.isAtEnd, true);
  assert.equal(cursor.next(), false);
});

test('a batch that is cut off anywhere ends in an error, never beyond its bytes', () => {
  const ends = new Set<number>([0]);
  for (const cursor = new RecordCursor(records); cursor.next(); ) ends.add(cursor.end);
  for (let length = 0; length < records.length; length += 1) {
    const cursor = new RecordCursor(records.subarray(0, length));
    const walk = (): void => {
      while (cursor.next());
    };
    if (ends.has(length)) walk();
    else assert.throws(walk, /is cut off/);
  }
});
