import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sortedPart } from '../../../engine/base/sorted-part.ts';

interface Row {
  readonly key: number;
  readonly at: number;
}

test('a part of the sorted list is what sorting all of it gives, equal ones in their order', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 });
  fc.assert(
    fc.property(keys, fc.nat(60), fc.nat(60), (numbers, from, count) => {
      const rows = numbers.map((key, at): Row => ({ key, at }));
      const compare = (one: Row, other: Row): number => one.key - other.key;
      const place = { from, to: Math.min(rows.length, from + count) };
      assert.deepEqual(sortedPart(rows, place, compare), rows.toSorted(compare).slice(from, place.to));
    }),
  );
});

test('the 30 queues that a screen shows of 10,000 are found with about one comparison for each', () => {
  const rows = Array.from({ length: 10_000 }, (_, at): Row => ({ key: (at * 7919) % 10_000, at }));
  let compared = 0;
  const compare = (one: Row, other: Row): number => {
    compared += 1;
    return one.key - other.key;
  };
  const shown = sortedPart(rows, { from: 0, to: 30 }, compare);
  assert.deepEqual(
    shown.map(({ key }) => key),
    Array.from({ length: 30 }, (_, key) => key),
  );
  assert.ok(compared < 15_000, `${compared} comparisons; sorting takes 120,000`);
});
