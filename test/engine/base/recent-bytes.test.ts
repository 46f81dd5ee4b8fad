import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentBytes } from '../../../engine/base/recent-bytes.ts';

function entryOf(recent: RecentBytes, at: number, lengthBytes: number): Buffer | undefined {
  const from = recent.find(at, lengthBytes);
  return from < 0 ? undefined : recent.memory.subarray(from, from + lengthBytes);
}

test('what was put last is given back, and what was written over is not', () => {
  const recent = new RecentBytes(8);
  const first = recent.put(Buffer.from('abcde'));
  assert.equal(entryOf(recent, first, 5)?.toString(), 'abcde');
  const second = recent.put(Buffer.from('fghij'));
  assert.equal(entryOf(recent, second, 5)?.toString(), 'fghij');
  assert.equal(entryOf(recent, first, 5), undefined);
});

test('what is longer than the memory is not kept, and spoils nothing', () => {
  const recent = new RecentBytes(4);
  const long = recent.put(Buffer.from('abcde'));
  assert.equal(entryOf(recent, long, 5), undefined);
  const short = recent.put(Buffer.from('xyz'));
  assert.equal(entryOf(recent, short, 3)?.toString(), 'xyz');
});

test('whatever is put, what is given back is what was put there, and the last that fits is always there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 60 }),
      (capacity, pieces) => {
        const recent = new RecentBytes(capacity);
        const known: { at: number; bytes: Buffer }[] = [];
        for (const piece of pieces) {
          const bytes = Buffer.from(piece);
          known.push({ at: recent.put(bytes), bytes });
          for (const { at, bytes } of known) {
            const found = entryOf(recent, at, bytes.length);
            if (found !== undefined) assert.deepEqual(Buffer.from(found), bytes);
          }
          if (piece.length > 0 && piece.length <= capacity) {
            const last = known.at(-1);
            assert.notEqual(last && entryOf(recent, last.at, piece.length), undefined);
          }
        }
      },
    ),
  );
});
