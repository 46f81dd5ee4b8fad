import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitedWarnings } from '../../../engine/base/limited-warnings.ts';

test('of each kind one warning at once, and then one a period, with how many there were', () => {
  let due: (() => void)[] = [];
  const clock = {
    after: (_delayMs: number, action: () => void) => {
      due.push(action);
      return { cancel: () => undefined };
    },
  };
  const periodEnds = (): void => {
    const now = due;
    due = [];
    for (const action of now) action();
  };
  const told: string[] = [];
  const warnings = new LimitedWarnings(clock, 1_000);
  const warn = (kind: string): void => warnings.warn(kind, (count) => told.push(`${kind} ${count}`));
  for (let time = 0; time < 100; time += 1) warn('a');
  warn('b');
  assert.deepEqual(told, ['a 1', 'b 1']);
  periodEnds();
  assert.deepEqual(told, ['a 1', 'b 1', 'a 99']);
  warn('a');
  warn('b');
  assert.deepEqual(told.slice(3), ['b 1']);
  periodEnds();
  assert.deepEqual(told.slice(4), ['a 1']);
  periodEnds();
  assert.deepEqual(due, []);
  warn('a');
  assert.deepEqual(told.slice(5), ['a 1']);
});
