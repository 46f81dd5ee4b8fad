import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heartbeat, type HeartbeatRules } from '../../../engine/peers/heartbeat.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

const RULES: HeartbeatRules = { periodMs: 1_000, timeoutMs: 300, unanswered: 2 };

/**
 * When a silent connection is asked for a sign of life, and when it is given up, in ms; it hears something at `heardAt`, and
 * something is sent at `sentAt`.
 */
async function course(
  rules: HeartbeatRules,
  heardAt: readonly number[] = [],
  sentAt: readonly number[] = [],
): Promise<readonly string[]> {
  const clock = new SimulatedClock();
  const startedAt = clock.now();
  const told: string[] = [];
  const note = (what: string) => () => told.push(`${what} at ${clock.now() - startedAt}`);
  const heartbeat = new Heartbeat({ rules, clock, sendKeepAlive: note('asked'), onDead: note('dead') });
  for (const ms of heardAt) clock.after(ms, () => heartbeat.received());
  for (const ms of sentAt) clock.after(ms, () => heartbeat.sent());
  await clock.pass(10_000);
  heartbeat.stop();
  return told;
}

test('a silent connection is asked after the period, as often as may be unanswered, and given up a timeout later', async () => {
  assert.deepEqual(await course(RULES), ['asked at 1000', 'asked at 1300', 'dead at 1600']);
  assert.deepEqual(await course({ ...RULES, periodMs: 50 }), ['asked at 50', 'asked at 350', 'dead at 650']);
  assert.deepEqual(await course({ ...RULES, timeoutMs: 2_000 }), [
    'asked at 1000',
    'asked at 3000',
    'dead at 5000',
  ]);
  assert.deepEqual(await course({ ...RULES, unanswered: 1 }), ['asked at 1000', 'dead at 1300']);
});

test('whatever arrives is a sign of life, also in the middle of asking', async () => {
  const told = await course({ ...RULES, periodMs: 4_000 }, [1_000, 5_100, 9_000]);
  assert.deepEqual(told, ['asked at 5000']);
});

test('a connection on which nothing was sent may be silent for longer', async () => {
  const rules = { ...RULES, idleMs: 6_000 };
  assert.deepEqual(await course(rules), ['asked at 6000', 'asked at 6300', 'dead at 6600']);
  assert.deepEqual(await course(rules, [500, 5_000]), []);
  const sent = await course(rules, [500], [400, 2_500]);
  assert.deepEqual(sent, ['asked at 3500', 'asked at 3800', 'dead at 4100']);
});

test('it wakes the program about once in each time that it may be silent, and in time for what is sent meanwhile', async () => {
  const rules = { periodMs: 1_000, idleMs: 60_000, timeoutMs: 2_000, unanswered: 2 };
  const clock = new SimulatedClock();
  let wakes = 0;
  const counting = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    after: (ms: number, action: () => void) =>
      clock.after(ms, () => {
        wakes += 1;
        action();
      }),
  };
  const told: string[] = [];
  const startedAt = clock.now();
  const note = (what: string) => () => told.push(`${what} at ${clock.now() - startedAt}`);
  const heartbeat = new Heartbeat({
    rules,
    clock: counting,
    sendKeepAlive: note('asked'),
    onDead: note('dead'),
  });
  for (let ms = 50_000; ms <= 600_000; ms += 50_000) clock.after(ms, () => heartbeat.received());
  await clock.pass(620_000);
  assert.deepEqual(told, []);
  assert.ok(wakes <= 15, `${wakes} in 620 s`);
  // While an answer is awaited, what is sent does not shorten the wait.
  for (const ms of [1_000, 2_500]) clock.after(ms, () => heartbeat.sent());
  await clock.pass(10_000);
  heartbeat.stop();
  assert.deepEqual(told, ['asked at 622000', 'asked at 624000', 'dead at 626000']);
  heartbeat.sent();
  await clock.pass(100_000);
  assert.equal(told.length, 3);
});
