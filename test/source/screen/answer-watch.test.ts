import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerWatch } from '../../../source/screen/answer-watch.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

interface Watched {
  readonly clock: SimulatedClock;
  readonly watch: AnswerWatch;
  /** What was said, in order. */
  readonly said: string[];
  /** Questions without an answer. */
  readonly open: (() => void)[];
  isStopped: boolean;
}

function watched(): Watched {
  const clock = new SimulatedClock();
  const said: string[] = [];
  const open: (() => void)[] = [];
  const state = { isStopped: false };
  const ask = (): Promise<void> =>
    state.isStopped ? new Promise((resolve) => open.push(resolve)) : Promise.resolve();
  const watch = new AnswerWatch({
    ...{ clock, ask },
    onSilent: () => said.push('silent'),
    onAnswer: () => said.push('answers'),
  });
  return Object.assign(state, { clock, watch, said, open });
}

test('a connector that stops answering is noticed within five seconds, and is asked no second question', async () => {
  const one = watched();
  await one.clock.pass(60_000);
  assert.deepEqual(one.said, []);
  one.isStopped = true;
  await one.clock.pass(5_000);
  assert.deepEqual(one.said, ['silent']);
  await one.clock.pass(60_000);
  assert.equal(one.open.length, 1);
  one.isStopped = false;
  for (const answer of one.open.splice(0)) answer();
  await one.clock.pass(10_000);
  assert.deepEqual(one.said, ['silent', 'answers']);
});

test('a screen that was stopped itself does not call its connector silent', async () => {
  const one = watched();
  one.isStopped = true;
  await one.clock.pass(2_000);
  // The process stands still for a minute; its timers fire late, before the answer is read.
  const now = one.clock.now.bind(one.clock);
  one.clock.now = () => now() + 60_000;
  await one.clock.pass(3_000);
  for (const answer of one.open.splice(0)) answer();
  one.isStopped = false;
  await one.clock.pass(10_000);
  assert.deepEqual(one.said, []);
});

test('after its end nothing is asked or said', async () => {
  const one = watched();
  one.isStopped = true;
  await one.clock.pass(2_000);
  one.watch.stop();
  for (const answer of one.open.splice(0)) answer();
  await one.clock.pass(60_000);
  assert.deepEqual(one.said, []);
  assert.equal(one.open.length, 0);
});
