import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { Outbox } from '../../../engine/queues/outbox.ts';
import { one, outbox } from '../../helpers/outboxes.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

const AHEAD_BYTES = 100_000;
const TEXT = 'x'.repeat(50_000);
const CAPACITY = { messages: LIMITS.outboxMessages, bytes: LIMITS.outboxBytes, aheadBytes: AHEAD_BYTES };

/** Queues a message of a program. @returns what the program waits for before its next one, and when it was kept */
function send(queue: Outbox): { readonly waits: Promise<void> | undefined; readonly kept: Promise<void> } {
  let waits: Promise<void> | undefined;
  const kept = new Promise<void>((resolve, reject) => {
    waits = queue.enqueue(one(TEXT), {
      patience: 'while-draining',
      kept: () => resolve(),
      refused: (_count, error) => reject(error),
    });
  });
  return { waits, kept };
}

/** Queues messages until the program must wait. */
async function fill(queue: Outbox): Promise<{ readonly waits: Promise<void> }> {
  for (;;) {
    const { waits, kept } = send(queue);
    await kept;
    if (waits !== undefined) return { waits };
    assert.ok(queue.bytes < LIMITS.outboxBytes / 2, 'a program may fill the whole queue');
  }
}

async function isPending(promise: Promise<void>): Promise<boolean> {
  return await Promise.race([
    promise.then(() => false),
    new Promise<boolean>((resolve) => setImmediate(resolve, true)),
  ]);
}

function acknowledgeOne(queue: Outbox): void {
  const entry = queue.next();
  assert.ok(entry !== undefined);
  queue.acked(queue.send(entry, entry.count));
}

test('while the peer takes messages, a program waits when enough of them are queued in memory', async () => {
  const queue = outbox({ capacity: CAPACITY, isDraining: () => true });
  const { waits } = await fill(queue);
  assert.ok(queue.bytes > LIMITS.outboxWindowBytes + AHEAD_BYTES);
  assert.ok(await isPending(waits));
  while (queue.bytes > LIMITS.outboxWindowBytes + AHEAD_BYTES) acknowledgeOne(queue);
  await waits;
});

test('a program that waits goes on when the connection is lost', async () => {
  let isConnected = true;
  const queue = outbox({ capacity: CAPACITY, isDraining: () => isConnected });
  const { waits } = await fill(queue);
  isConnected = false;
  queue.overflow.changed();
  await waits;
  const { waits: none, kept } = send(queue);
  await kept;
  assert.equal(none, undefined);
});

test('a peer that takes nothing holds no program back for long, until it takes something again', async () => {
  const clock = new SimulatedClock();
  const queue = outbox({ capacity: CAPACITY, isDraining: () => true, clock });
  const { waits } = await fill(queue);
  const others = [send(queue), send(queue)];
  await Promise.all(others.map(({ kept }) => kept));
  acknowledgeOne(queue);
  await clock.pass(LIMITS.outboxStallMs);
  assert.ok(await isPending(waits), 'it has taken something meanwhile');
  await clock.pass(LIMITS.outboxStallMs);
  await Promise.all([waits, ...others.map((other) => other.waits)]);
  assert.equal(send(queue).waits, undefined);
  acknowledgeOne(queue);
  assert.notEqual(send(queue).waits, undefined);
});

test('a program that waits goes on when the connector stops', async () => {
  const queue = outbox({ capacity: CAPACITY, isDraining: () => true });
  const { waits } = await fill(queue);
  await queue.admitAll();
  await waits;
  assert.equal(send(queue).waits, undefined);
});
