import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { StreamAcks } from '../../../engine/peers/stream-acks.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

/** Acks of one type, and the numbers that each frame sent so far acknowledges. */
function acks(): {
  clock: SimulatedClock;
  add(upTo: number, sizeBytes: number): void;
  all: StreamAcks;
  sent: number[];
} {
  const clock = new SimulatedClock();
  const sent: number[] = [];
  const send = ({ data }: { readonly data: Buffer }): void => {
    const { ack } = JSON.parse(data.toString()) as { ack: [string, string, number][] };
    for (const [, , upTo] of ack) sent.push(upTo);
  };
  const all = new StreamAcks({ sourceId: 'me', clock, send });
  const add = (upTo: number, sizeBytes: number): void =>
    all.add({ type: 'any', epoch: 'e', upTo, dropped: [] }, sizeBytes);
  return { clock, add, all, sent };
}

test('a small ack waits a moment, and one frame acknowledges what is settled meanwhile', async () => {
  const { clock, add, sent } = acks();
  add(1, 100);
  await clock.pass(LIMITS.ackDelayMs - 1);
  add(2, 100);
  assert.deepEqual(sent, []);
  await clock.pass(1);
  assert.deepEqual(sent, [2]);
  add(3, 100);
  await clock.pass(LIMITS.ackDelayMs);
  assert.deepEqual(sent, [2, 3]);
});

test('a small ack leaves earlier with something else, and only once', async () => {
  const { clock, add, all, sent } = acks();
  add(1, 100);
  all.flush();
  assert.deepEqual(sent, [1]);
  await clock.pass(10 * LIMITS.ackDelayMs);
  assert.deepEqual(sent, [1]);
});

test('an ack of many bytes leaves in the same turn, so that a sender does not wait for it', async () => {
  const { clock, add, sent } = acks();
  for (let upTo = 1; upTo <= 4; upTo += 1) add(upTo, LIMITS.ackAtOnceBytes / 4);
  assert.deepEqual(sent, []);
  await clock.pass(0);
  assert.deepEqual(sent, [4]);
});

test('an ended connection sends no ack any more', async () => {
  const { clock, add, all, sent } = acks();
  add(1, 100);
  all.stop();
  await clock.pass(10 * LIMITS.ackDelayMs);
  assert.deepEqual(sent, []);
});
