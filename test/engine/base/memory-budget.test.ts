import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBudget, MemoryLease } from '../../../engine/base/memory-budget.ts';

test('who holds something gets no more once all of it is spent, and who holds nothing gets one thing', () => {
  const budget = new MemoryBudget(100);
  const [first, second] = [new MemoryLease(budget), new MemoryLease(budget)];
  assert.ok(first.mayTake(500), 'one thing, however large');
  first.take(80);
  assert.ok(first.mayTake(20));
  assert.ok(!first.mayTake(21));
  assert.ok(second.mayTake(50));
  second.take(50);
  assert.equal(budget.heldBytes, 130);
  assert.ok(!first.mayTake(0));
  first.give(80);
  assert.ok(first.mayTake(1_000));
  assert.ok(second.mayTake(50));
  second.giveAll();
  assert.deepEqual([budget.heldBytes, second.heldBytes], [0, 0]);
});
