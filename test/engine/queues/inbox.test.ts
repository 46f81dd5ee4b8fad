import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../../engine/base/errors.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { WhenFull } from '../../../engine/config/shapes.ts';
import type { Capacity } from '../../../engine/queues/capacity.ts';
import { Inbox } from '../../../engine/queues/inbox.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { slowStore } from '../../helpers/slow-store.ts';

function inboxOn(
  clock: FakeClock,
  store: Store,
  whenFull: WhenFull = 'refuse',
  capacity: Capacity = { messages: LIMITS.inboxMessages, bytes: LIMITS.inboxBytes },
): Inbox {
  return new Inbox({ type: 'any', stream: 'in/any', store, clock, capacity, whenFull, isStored: true });
}

async function fullInbox(clock: FakeClock, whenFull: WhenFull = 'refuse'): Promise<Inbox> {
  const inbox = inboxOn(clock, new MemoryStore(clock), whenFull);
  for (let count = 0; count < LIMITS.inboxMessages; count += 1) await inbox.put(Buffer.from('x'));
  return inbox;
}

/** What has become of it by now. */
async function stateOf(put: Promise<boolean>): Promise<boolean | 'waits'> {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([put, Promise.resolve('waits' as const)]);
}

test('a full inbox drops where nobody has ever listened and the sender keeps nothing', async () => {
  const inbox = await fullInbox(new FakeClock(0));
  assert.equal(await inbox.put(Buffer.from('y')), false);
  assert.equal(inbox.dropped, 1);
});

test('what its sender keeps waits for room however long nobody listens, unless when_full drops', async () => {
  const clock = new FakeClock(0);
  const inbox = await fullInbox(clock);
  const [first] = await inbox.read(0);
  assert.ok(first !== undefined);
  const put = inbox.put(Buffer.from('y'), { senderKeeps: true });
  clock.advance(10 * LIMITS.listenerGraceMs);
  assert.equal(await stateOf(put), 'waits');
  assert.deepEqual([inbox.waiting, inbox.dropped], [1, 0]);
  await inbox.done(first, { count: 1, bytes: 1 });
  assert.equal(await put, true);
  const dropping = await fullInbox(clock, 'drop_newest');
  assert.equal(await dropping.put(Buffer.from('y'), { senderKeeps: true }), false);
});

test('what comes to a full inbox while the connector stops is left to its sender, and waits again after that', async () => {
  const inbox = await fullInbox(new FakeClock(0));
  inbox.release();
  await assert.rejects(inbox.put(Buffer.from('y'), { senderKeeps: true }), { code: 'AIOC_CANCELLED' });
  inbox.reopen();
  assert.equal(await stateOf(inbox.put(Buffer.from('y'), { senderKeeps: true })), 'waits');
  assert.equal(inbox.dropped, 0);
});

test('a full inbox waits for a slow listener, also while that is restarted, and drops when it does not come back', async () => {
  const clock = new FakeClock(0);
  const inbox = await fullInbox(clock);
  inbox.setHasConsumer(true);
  const [first] = await inbox.read(0);
  assert.ok(first !== undefined);
  const put = inbox.put(Buffer.from('y'));
  inbox.setHasConsumer(false);
  clock.advance(LIMITS.listenerGraceMs - 1);
  inbox.setHasConsumer(true);
  clock.advance(LIMITS.listenerGraceMs);
  assert.equal(await stateOf(put), 'waits');
  await inbox.done(first, { count: 1, bytes: 1 });
  assert.equal(await put, true);

  const late = inbox.put(Buffer.from('z'));
  inbox.setHasConsumer(false);
  clock.advance(LIMITS.listenerGraceMs - 1);
  assert.equal(await stateOf(late), 'waits');
  clock.advance(1);
  assert.equal(await late, false);
});

test('whoever waits for room comes before whoever comes when there is some', async () => {
  const clock = new FakeClock(0);
  const inbox = await fullInbox(clock);
  inbox.setHasConsumer(true);
  const records = await inbox.read(0);
  const puts = ['1', '2'].map((text) => inbox.put(Buffer.from(text)));
  const last = records.at(-1);
  assert.ok(last !== undefined);
  void inbox.done(last, { count: records.length, bytes: records.length });
  puts.push(inbox.put(Buffer.from('3')));
  assert.deepEqual(await Promise.all(puts), [true, true, true]);
  const after = await inbox.read(last.position);
  assert.deepEqual(after.map(({ payload }) => payload.toString()).slice(-3), ['1', '2', '3']);
});

test('a connector that stops waits for nobody, and drops nothing: what waits is left to its sender', async () => {
  const inbox = await fullInbox(new FakeClock(0));
  inbox.setHasConsumer(true);
  const put = inbox.put(Buffer.from('y'));
  inbox.setHasConsumer(false);
  inbox.release();
  await assert.rejects(put, { code: 'AIOC_CANCELLED' });
  assert.equal(inbox.dropped, 0);
});

test('the age of an inbox is that of what waits now, not of what has long been taken', async () => {
  const clock = new FakeClock(0);
  const inbox = inboxOn(clock, new MemoryStore(clock));
  await inbox.put(Buffer.from('early'));
  const [early] = await inbox.read(0);
  assert.ok(early !== undefined);
  await inbox.done(early, { count: 1, bytes: early.payload.length });
  assert.equal(inbox.oldestAtMs, undefined);
  clock.advance(60_000);
  await inbox.put(Buffer.from('late'));
  assert.equal(inbox.oldestAtMs, clock.wallNow());
});

test('a full inbox that drops the oldest has the newest in the end', async () => {
  const inbox = await fullInbox(new FakeClock(0), 'drop_oldest');
  assert.equal(await inbox.put(Buffer.from('newest')), true);
  assert.deepEqual([inbox.dropped, inbox.depth], [1, LIMITS.inboxMessages]);
  let after = 0;
  let last = '';
  for (let records = await inbox.read(after); records.length > 0; records = await inbox.read(after)) {
    last = records.at(-1)?.payload.toString() ?? '';
    after = records.at(-1)?.position ?? after;
  }
  assert.equal(last, 'newest');
});

test('those that come at once to a slow disk: the newest are kept, though none of them is stored yet', async () => {
  const inbox = inboxOn(new FakeClock(0), slowStore(), 'drop_oldest', { messages: 2, bytes: 1_000 });
  const puts = ['m0', 'm1', 'm2', 'm3', 'm4'].map((text) => inbox.put(Buffer.from(text)));
  assert.deepEqual(new Set(await Promise.all(puts)), new Set([true]));
  assert.deepEqual([inbox.dropped, inbox.depth], [3, 2]);
  assert.deepEqual(
    (await inbox.read(0)).map(({ payload }) => payload.toString()),
    ['m3', 'm4'],
  );
});

test('while the store takes nothing a message waits, and is kept as soon as it takes something again', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  const inbox = inboxOn(clock, store);
  const append = store.append.bind(store);
  store.append = async () => {
    throw new Error('the disk is full');
  };
  const put = inbox.put(Buffer.from('x'));
  assert.equal(await stateOf(put), 'waits');
  assert.equal(inbox.trouble, 'the disk is full');
  store.append = append;
  clock.advance(LIMITS.storeRetryMs);
  assert.equal(await put, true);
  assert.equal(inbox.trouble, undefined);
  assert.equal((await inbox.read(0)).length, 1);
});

test('what an earlier run has left is there again', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  await inboxOn(clock, store).put(Buffer.from('early'));
  const later = inboxOn(clock, store);
  await later.restore();
  assert.deepEqual([later.depth, later.bytes, later.oldestAtMs], [1, 5, clock.wallNow()]);
});

test('a message for a closed store is not kept, and its sender receives no ack', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  store.append = async () => {
    throw new AiocError('AIOC_CANCELLED', 'the queues are closed');
  };
  const inbox = inboxOn(clock, store);
  await assert.rejects(inbox.put(Buffer.from('x')), { code: 'AIOC_CANCELLED' });
  assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
});
