import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReportsInOrder } from '../../../engine/base/reports-in-order.ts';

test('reports of a part are made when the parts before are over, in the order in which they came', () => {
  const reports = new ReportsInOrder();
  const [first, second, third] = [reports.next(), reports.next(), reports.next()];
  const made: string[] = [];
  third.make(() => made.push('third'));
  third.over();
  second.make(() => {
    made.push('second');
    // One more that comes while this one is made.
    second.make(() => made.push('second, at last'));
  });
  second.make(() => made.push('second again'));
  assert.equal(made.length, 0);
  first.make(() => made.push('first'));
  assert.deepEqual(made, ['first']);
  first.over();
  second.over();
  assert.deepEqual(made, ['first', 'second', 'second again', 'second, at last', 'third']);
});

test('many parts that are over in the opposite order need no stack', () => {
  const reports = new ReportsInOrder();
  const made: number[] = [];
  const parts = Array.from({ length: 20_000 }, () => reports.next());
  for (const [index, part] of [...parts.entries()].reverse()) {
    part.make(() => made.push(index));
    part.over();
  }
  assert.deepEqual(made.slice(0, 3), [0, 1, 2]);
  assert.equal(made.length, 20_000);
});
