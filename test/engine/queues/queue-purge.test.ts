import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { Inbox } from '../../../engine/queues/inbox.ts';
import type { DeliveryState } from '../../../engine/queues/outbox-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { incoming, outgoing, textsInAll } from '../../helpers/message-batches.ts';
import { drain, numbered, offer, one, outbox } from '../../helpers/outboxes.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

const WHY = 'purged by a test';

test('a purge drops what waits, in memory and behind it, and keeps what comes later', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox({ store });
  // More than are in memory.
  for (let index = 0; index < 400; index += 1) await offer(queue, one(`${index} ${'.'.repeat(10_000)}`));
  assert.ok(queue.hasMore);
  const end = await queue.stored.end();
  await offer(queue, one('later'));
  assert.equal(await queue.stored.purge(end, WHY), 400);
  assert.equal(queue.depth, 1);
  assert.deepEqual(await drain(queue), ['later']);
  assert.equal(queue.depth, 0);
  assert.equal(queue.bytes, 0);
});

test('what is on its way stays, with the rest of its batch, and is acknowledged as ever', async () => {
  const queue = outbox();
  await offer(queue, outgoing(numbered(3)));
  for (const text of ['a', 'b']) await offer(queue, one(text));
  const first = queue.next();
  assert.ok(first !== undefined);
  const { epoch, seq } = queue.send(first, 2);
  assert.equal(await queue.stored.purge(await queue.stored.end(), WHY), 2);
  assert.equal(queue.depth, 3);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((position) => queue.stored.stateAt(position)),
    ['sent', 'sent', 'waiting', 'gone', 'gone'],
  );
  queue.acked({ epoch, seq: seq + 1 });
  assert.deepEqual(await drain(queue), ['m2']);
  assert.equal(queue.depth, 0);
});

test('purged messages do not come back after a restart; their senders learn why', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox({ store });
  const states: (readonly [number, DeliveryState, string | undefined])[] = [];
  const observer = {
    isCommon: false,
    onState: ({ count }: { readonly count: number }, state: DeliveryState, reason?: string) =>
      void states.push([count, state, reason]),
  };
  await offer(queue, { ...outgoing(numbered(4)), observer });
  assert.equal(await queue.stored.purge(await queue.stored.end(), WHY), 4);
  assert.deepEqual(states.at(-1), [4, 'dropped', WHY]);
  await offer(queue, one('next'));
  const again = outbox({ store });
  await again.restore();
  assert.deepEqual(await drain(again), ['next']);
});

function inbox(store = new MemoryStore(new SimulatedClock()), isStored = true): Inbox {
  const capacity = { messages: LIMITS.inboxMessages, bytes: LIMITS.inboxBytes };
  const clock = new SimulatedClock();
  return new Inbox({ type: 'any', stream: 'in/any', store, clock, capacity, whenFull: 'refuse', isStored });
}

test('an inbox drops what waits for a listener, keeps what comes later, and so does the store', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = inbox(store);
  await queue.put(incoming(numbered(5)));
  // A listener has taken a part of the batch before it left.
  await queue.done({ position: 2, atMs: 0 }, { count: 2, bytes: 0 });
  const end = await queue.stored.end();
  await queue.put(incoming(['later']));
  assert.equal(await queue.stored.purge(end, WHY), 3);
  assert.equal(queue.depth, 1);
  assert.deepEqual(textsInAll(await queue.read(0)), ['later']);
  const again = inbox(store);
  await again.restore();
  assert.deepEqual(textsInAll(await again.read(0)), ['later']);
  assert.equal(again.depth, 1);
});

test('while a program listens, an inbox is not purged: the listener gets all', async () => {
  const queue = inbox();
  await queue.put(incoming(numbered(3)));
  queue.setHasConsumer(true);
  await assert.rejects(queue.stored.purge(await queue.stored.end(), WHY), {
    code: 'AIOC_COMMAND',
    message: 'a program listens to any and takes its messages: stop it before you purge them',
  });
  assert.deepEqual(textsInAll(await queue.read(0)), ['m0', 'm1', 'm2']);
});

test('senders that wait for their messages to be taken learn that they were dropped', async () => {
  const queue = inbox(undefined, false);
  const put = queue.put(incoming(numbered(2)), { source: { peerName: 'ann', epoch: 'hers', seq: 1 } });
  while (queue.depth === 0 || (await queue.stored.end()) === 0) await new Promise(setImmediate);
  assert.equal(await queue.stored.purge(await queue.stored.end(), WHY), 2);
  assert.deepEqual(await put, [[0, 1]]);
});
