import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget, MemoryLease } from '../../../engine/base/memory-budget.ts';
import { newEpoch } from '../../../engine/protocol/message-number.ts';
import type { Outbox } from '../../../engine/queues/outbox.ts';
import type { DeliveryObserver } from '../../../engine/queues/outbox-batch.ts';
import { outboxHead } from '../../../engine/queues/outbox-head.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { sizeOfBatch } from '../../../engine/storage/store.ts';
import { batchOf, outgoing } from '../../helpers/message-batches.ts';
import { NOBODY } from '../../helpers/nobody.ts';
import { drain, numbered, offer, one, outbox, outcomesOf, unsentOf } from '../../helpers/outboxes.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { slowStore } from '../../helpers/slow-store.ts';

test('far more than the window comes out in order, and each once', async () => {
  const queue = outbox();
  const texts = numbered(LIMITS.outboxWindow * 3 + 7);
  for (let at = 0; at < texts.length; ) {
    const count = 1 + (at % 3);
    await offer(queue, outgoing(texts.slice(at, at + count)));
    at += count;
  }
  assert.equal(queue.depth, texts.length);
  assert.deepEqual(await drain(queue), texts);
  assert.deepEqual([queue.depth, queue.bytes, queue.unacked, queue.unackedBytes], [0, 0, 0, 0]);
});

test('a restart inside a batch sends the rest of it, under the numbers that it had', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const first = outbox({ store });
  await offer(first, outgoing(['a', 'b', 'c', 'd']));
  const entry = first.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = first.send(entry, 4);
  first.acked({ epoch, seq: seq + 1 });
  assert.equal(first.depth, 2);

  const second = outbox({ store });
  await second.restore();
  assert.deepEqual([second.depth, second.bytes], [2, first.bytes]);
  const rest = second.next();
  assert.ok(rest !== undefined);
  assert.deepEqual(unsentOf(rest), ['c', 'd']);
  assert.deepEqual(second.send(rest, 2), { epoch, seq: seq + 2 });
});

test('a resume point in mid-connection counts only what was sent', async () => {
  const queue = outbox();
  await offer(queue, outgoing(['a', 'b', 'c', 'd']));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = queue.send(entry, 1);
  queue.acked({ epoch, seq: seq + 2 }, { everSent: true });
  assert.deepEqual([queue.unacked, queue.depth], [0, 1]);
  queue.send(entry, 1);
  assert.equal(queue.unacked, 1);
  queue.acked({ epoch, seq: seq + 3 });
  assert.deepEqual([queue.unacked, queue.unackedBytes, queue.depth, queue.bytes], [0, 0, 0, 0]);
});

test('messages acknowledged out of order leave once, and the log shows only the others as waiting again', async () => {
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const queue = outbox();
  await offer(queue, outgoing(['a', 'b', 'c', 'd', 'e'], { observer, logId: 10 }));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = queue.send(entry, 5);
  for (const index of [1, 3]) assert.ok(queue.ackedOne({ epoch, seq: seq + index }) !== undefined);
  assert.equal(queue.ackedOne({ epoch, seq: seq + 1 }), undefined, 'it has left');
  assert.deepEqual([queue.depth, queue.unacked, entry.left], [3, 3, 0]);
  queue.rewind();
  assert.deepEqual(told, ['10+1 waiting', '12+1 waiting', '14+1 waiting']);
  assert.equal(entry.hasHoles, true);
  for (const index of [0, 2, 4]) {
    // As the sender does, which passes over those that have left.
    while (entry.hasLeft(Math.max(entry.sent, entry.left))) entry.sent = Math.max(entry.sent, entry.left) + 1;
    assert.equal(queue.send(entry, 1).seq, seq + index);
    queue.ackedOne({ epoch, seq: seq + index });
  }
  assert.deepEqual([queue.depth, queue.bytes, queue.unacked, queue.unackedBytes], [0, 0, 0, 0]);
});

test('drop_oldest counts what was still there of a batch', async () => {
  const capacity = { messages: 5, bytes: 1_000_000 };
  const queue = outbox({ whenFull: 'drop_oldest', capacity });
  await offer(queue, outgoing(['a', 'b', 'c', 'd', 'e']));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  const { epoch, seq } = queue.send(entry, 5);
  queue.acked({ epoch, seq });
  queue.ackedOne({ epoch, seq: seq + 3 });
  queue.rewind();
  assert.equal(queue.depth, 3);
  await offer(queue, outgoing(numbered(5)));
  assert.deepEqual([queue.dropped, queue.depth], [3, 5]);
  assert.deepEqual(await drain(queue), numbered(5));
});

async function fill(queue: Outbox, observer: DeliveryObserver = NOBODY): Promise<void> {
  for (let at = 0; at < LIMITS.outboxMessages; at += 100)
    await offer(queue, outgoing(numbered(100, at), { observer, logId: 1 + at }));
}

test('a full outbox refuses, and loses nothing that it has', async () => {
  const queue = outbox();
  await fill(queue);
  await assert.rejects(offer(queue, one('one more')), { code: 'AIOC_QUEUE_FULL' });
  assert.deepEqual([queue.depth, queue.dropped], [LIMITS.outboxMessages, 0]);
});

test('of a batch that fits in part, the first messages are kept before the others are refused', async () => {
  const capacity = { messages: 5, bytes: 1_000_000 };
  for (const store of [slowStore(), new MemoryStore(new SimulatedClock())]) {
    const queue = outbox({ capacity, store });
    await offer(queue, outgoing(['a', 'b']));
    const outcomes = await outcomesOf(queue, outgoing(['c', 'd', 'e', 'f', 'g']));
    assert.deepEqual(outcomes, [
      ['kept', 3],
      ['refused', 2],
    ]);
    assert.deepEqual(await drain(queue), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(queue.bytes, 0);
  }
});

test('of a batch that is larger than a queue that drops the oldest, the last messages stay, and it is full', async () => {
  const capacity = { messages: 4, bytes: 1_000_000 };
  const queue = outbox({ whenFull: 'drop_oldest', capacity });
  const outcomes = await outcomesOf(queue, outgoing(numbered(10)));
  assert.equal(
    outcomes.reduce((sum, [, count]) => sum + count, 0),
    10,
  );
  assert.ok(outcomes.every(([outcome]) => outcome === 'kept'));
  assert.deepEqual([queue.depth, queue.dropped], [4, 6]);
  assert.deepEqual(await drain(queue), numbered(4, 6));
});

test('by bytes too, only what fits is taken of a batch', async () => {
  const head = outboxHead({ epoch: newEpoch(seededRandom(2)), seq: 1 });
  const bytes = sizeOfBatch({ head, records: batchOf(numbered(4)).records });
  const queue = outbox({ capacity: { messages: 100, bytes } });
  const [first, ...others] = await outcomesOf(queue, outgoing(numbered(10)));
  assert.deepEqual(first, ['kept', 4]);
  assert.ok(others.every(([outcome]) => outcome === 'refused'));
  assert.equal(queue.bytes, bytes);
});

test('one that drops the newest counts each, one that drops the oldest tells whose they were', async () => {
  const newest = outbox({ whenFull: 'drop_newest' });
  await fill(newest);
  await assert.rejects(offer(newest, one('one more')), { code: 'AIOC_QUEUE_FULL' });
  assert.equal(newest.dropped, 1);
  const told: string[] = [];
  const observer: DeliveryObserver = {
    isCommon: true,
    onState: ({ logId, count }, state) => void told.push(`${logId}+${count} ${state}`),
  };
  const oldest = outbox({ whenFull: 'drop_oldest' });
  await fill(oldest, observer);
  await offer(oldest, one('one more'));
  assert.deepEqual(told, ['1+100 dropped'], 'a batch is dropped as a whole');
  assert.deepEqual([oldest.depth, oldest.dropped], [LIMITS.outboxMessages - 99, 100]);
  const rest = await drain(oldest);
  assert.deepEqual([rest[0], rest.at(-1)], ['m100', 'one more']);
});

test('what waits in the store is found again by the next run, in order, also what comes meanwhile', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const first = outbox({ store });
  const count = LIMITS.outboxWindow + 100;
  for (const text of numbered(count)) await offer(first, one(text));
  const gone = first.next();
  assert.ok(gone !== undefined);
  first.cancel(gone);

  const second = outbox({ store });
  await second.restore();
  assert.equal(second.depth, count - 1);
  await offer(second, one('late'));
  assert.deepEqual(await drain(second), [...numbered(count - 1, 1), 'late']);
  assert.deepEqual([second.depth, second.bytes], [0, 0]);
});

test('a message that is cancelled does not go out, in the window or behind it, nor does it count', async () => {
  const queue = outbox();
  const observer: DeliveryObserver = { isCommon: false, onState: () => undefined };
  const texts = numbered(LIMITS.outboxWindow + 50);
  const cancelled = new Set([3, LIMITS.outboxWindow + 20, LIMITS.outboxWindow + 49]);
  const cancels: (() => void)[] = [];
  for (const [index, text] of texts.entries()) {
    const cancel = await offer(queue, outgoing([text], { observer }));
    if (cancelled.has(index)) cancels.push(cancel as () => void);
  }
  for (const cancel of [...cancels, ...cancels]) cancel();
  assert.equal(queue.depth, texts.length - 3);
  assert.deepEqual(
    await drain(queue),
    texts.filter((_, index) => !cancelled.has(index)),
  );
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
});

test('dropping the oldest goes on behind the window, and keeps the order of those offered at once', async () => {
  const queue = outbox({ whenFull: 'drop_oldest' });
  const total = LIMITS.outboxMessages + LIMITS.outboxWindow + 50;
  await Promise.all(numbered(total).map((text) => offer(queue, one(text))));
  assert.equal(queue.dropped, total - LIMITS.outboxMessages);
  assert.deepEqual(await drain(queue), numbered(LIMITS.outboxMessages, total - LIMITS.outboxMessages));
});

test('those offered at once to a slow disk: the newest are kept, though none of them is stored yet', async () => {
  const capacity = { messages: 2, bytes: LIMITS.outboxBytes };
  const queue = outbox({ whenFull: 'drop_oldest', store: slowStore(), capacity });
  await Promise.all(numbered(5).map((text) => offer(queue, one(text))));
  assert.deepEqual([queue.dropped, queue.depth], [3, 2]);
  assert.deepEqual(await drain(queue), ['m3', 'm4']);
});

test('where the store cannot be read, nothing is dropped for a message, and the line moves on', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox({ whenFull: 'drop_oldest', store, capacity: { messages: 2_000, bytes: 1e9 } });
  for (const text of numbered(2_000)) await offer(queue, one(text));
  for (let entry = queue.next(); entry !== undefined; entry = queue.next()) queue.send(entry, 1);
  const read = store.read.bind(store);
  store.read = async () => {
    throw new Error('the disk does not answer');
  };
  await assert.rejects(offer(queue, one('refused')), { code: 'AIOC_QUEUE_FULL' });
  store.read = read;
  await offer(queue, one('taken'));
  assert.equal(queue.depth, 2_000);
});

test('a message that is larger than the whole queue is refused, and nothing is dropped for it', async () => {
  const capacity = { messages: 10, bytes: 1_000 };
  const queue = outbox({ whenFull: 'drop_oldest', store: slowStore(), capacity });
  await offer(queue, one('kept'));
  await assert.rejects(offer(queue, one('x'.repeat(1_000))), { code: 'AIOC_QUEUE_FULL' });
  assert.deepEqual(await outcomesOf(queue, outgoing(['a', 'x'.repeat(1_000), 'b'])), [
    ['kept', 1],
    ['refused', 1],
    ['kept', 1],
  ]);
  assert.deepEqual(await drain(queue), ['kept', 'a', 'b']);
});

test('messages that the store refuses are not in the queue, and the next one is', async () => {
  const store = new MemoryStore(new SimulatedClock());
  const queue = outbox({ store });
  const append = store.append.bind(store);
  store.append = async () => {
    throw new Error('the disk is full');
  };
  assert.deepEqual(await outcomesOf(queue, outgoing(['lost', 'too'])), [['refused', 2]]);
  assert.deepEqual([queue.depth, queue.bytes], [0, 0]);
  store.append = append;
  await offer(queue, one('kept'));
  assert.deepEqual(await drain(queue), ['kept']);
});

test('of large messages few are in memory, however many wait; all come out in order', async () => {
  const budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
  const queue = outbox({ budget });
  const texts = Array.from({ length: 40 }, (_, number) => `${number}`.padEnd(200_000, '.'));
  for (const text of texts) await offer(queue, one(text));
  assert.ok(budget.heldBytes <= LIMITS.outboxWindowBytes, `${budget.heldBytes} bytes`);
  assert.deepEqual(await drain(queue), texts);
  assert.equal(budget.heldBytes, 0);
});

test('where the memory is spent by others a queue goes on with one batch after the other', async () => {
  const budget = new MemoryBudget(1_000);
  new MemoryLease(budget).take(2_000);
  const queue = outbox({ budget });
  for (const text of numbered(50)) await offer(queue, one(text));
  assert.ok(budget.heldBytes < 2_200, 'it holds one');
  const first = queue.next();
  assert.ok(first !== undefined);
  const number = queue.send(first, 1);
  assert.deepEqual([queue.next(), queue.hasMore, queue.mayLoad], [undefined, true, false]);
  queue.acked(number);
  assert.equal(queue.mayLoad, true);
  assert.deepEqual(await drain(queue), numbered(49, 1));
  assert.equal(budget.heldBytes, 2_000);
});
