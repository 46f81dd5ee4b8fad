import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrainTimes } from '../../../engine/connector/drain-time.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const QUEUE = { id: 'q', depth: 44, inRate: 299, outRate: 300 };

/** Looks once a second, with these rates. */
function looked(
  drains: DrainTimes,
  clock: FakeClock,
  flows: readonly (typeof QUEUE)[],
): (number | undefined)[] {
  return flows.map((flow) => {
    clock.advance(1_000);
    drains.look([flow]);
    return drains.seconds(flow);
  });
}

test('44 messages at 300 a second are never 1 s at one look and 44 s at the next', () => {
  const clock = new FakeClock(0);
  const drains = new DrainTimes(clock);
  const flows = Array.from({ length: 40 }, (_, at) => ({ ...QUEUE, inRate: at % 2 === 0 ? 200 : 299 }));
  const times = looked(drains, clock, flows).slice(10);
  for (const seconds of times) assert.equal(seconds, 1, `${times}`);
});

test('a time is told only when the queue has shrunk for three looks, and never a shorter one than its rate allows', () => {
  const clock = new FakeClock(0);
  const drains = new DrainTimes(clock);
  const times = looked(drains, clock, Array(4).fill({ id: 'q', depth: 1_000, inRate: 0, outRate: 100 }));
  assert.deepEqual(times, [undefined, undefined, 10, 10]);
  const growing = { id: 'q', depth: 1_000, inRate: 200, outRate: 100 };
  assert.deepEqual(looked(drains, clock, [growing]), [undefined]);
});

test('a queue that is gone or empty is forgotten', () => {
  const clock = new FakeClock(0);
  const drains = new DrainTimes(clock);
  const shrinking = { id: 'q', depth: 100, inRate: 0, outRate: 10 };
  looked(drains, clock, [shrinking, shrinking, shrinking]);
  drains.look([]);
  assert.equal(drains.seconds(shrinking), undefined);
});
