import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../../engine/base/errors.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { WhenFull } from '../../../engine/config/shapes.ts';
import type { Capacity } from '../../../engine/queues/capacity.ts';
import { Inbox, type LentMessage } from '../../../engine/queues/inbox.ts';
import type { IndexRange } from '../../../engine/queues/inbox-arrival.ts';
import type { InboxBatch } from '../../../engine/queues/inbox-batch.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { incoming, textsInAll } from '../../helpers/message-batches.ts';
import { slowStore } from '../../helpers/slow-store.ts';

interface Options {
  readonly clock?: FakeClock;
  readonly store?: Store;
  readonly whenFull?: WhenFull;
  readonly capacity?: Capacity;
  readonly isStored?: boolean;
}

function inboxOn({
  clock = new FakeClock(0),
  store = new MemoryStore(clock),
  whenFull = 'refuse',
  capacity = { messages: LIMITS.inboxMessages, bytes: LIMITS.inboxBytes },
  isStored = true,
}: Options = {}): Inbox {
  return new Inbox({ type: 'any', stream: 'in/any', store, clock, capacity, whenFull, isStored });
}

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `m${from + index}`);

async function fullInbox(clock = new FakeClock(0), whenFull: WhenFull = 'refuse'): Promise<Inbox> {
  const inbox = inboxOn({ clock, whenFull });
  for (let at = 0; at < LIMITS.inboxMessages; at += 100) await inbox.put(incoming(numbered(100, at)));
  return inbox;
}

const from = (seq: number, epoch = 'hers') => ({ peerName: 'ann', epoch, seq });

/** What has become of it by now. */
async function stateOf(put: Promise<readonly IndexRange[]>): Promise<'kept' | 'dropped' | 'waits'> {
  await new Promise((resolve) => setImmediate(resolve));
  const known = put.then((ranges) => (ranges.length > 0 ? 'dropped' : 'kept'));
  // The promise of `then` settles a little after its own.
  return Promise.race([known, new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')))]);
}

async function everything(inbox: Inbox): Promise<readonly InboxBatch[]> {
  const all: InboxBatch[] = [];
  for (let after = 0; ; ) {
    const batches = await inbox.read(after);
    if (batches.length === 0) return all;
    all.push(...batches);
    const last = batches.at(-1) as InboxBatch;
    after = last.position + last.count - 1;
  }
}

/** The texts that a listener would receive now. */
async function waitingTexts(inbox: Inbox): Promise<string[]> {
  const [first, ...others] = await everything(inbox);
  if (first === undefined) return [];
  return [...textsInAll([first]).slice(inbox.firstIndex(first, 0)), ...textsInAll(others)];
}

/** The listener takes the next `count` messages. */
async function take(inbox: Inbox, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (const batch of await everything(inbox)) {
    const first = inbox.firstIndex(batch, 0);
    const part = Math.min(batch.count - first, count - taken.length);
    if (part === 0) break;
    taken.push(...textsInAll([batch]).slice(first, first + part));
    const bytes = first + part === batch.count ? batch.sizeBytes : 0;
    const position = batch.position + first + part - 1;
    await inbox.done({ position, atMs: batch.atMs }, { count: part, bytes });
  }
  return taken;
}

test('a full inbox drops where nobody has ever listened and the sender keeps nothing', async () => {
  const inbox = await fullInbox();
  assert.deepEqual(await inbox.put(incoming(['y', 'z'])), [[0, 1]]);
  assert.equal(inbox.dropped, 2);
});

test('what fits of a batch is kept, and the others are dropped by their indexes', async () => {
  for (const [whenFull, senderKeeps] of [
    ['drop_newest', true],
    ['drop_newest', false],
    ['refuse', false],
  ] as const) {
    const inbox = inboxOn({ whenFull, capacity: { messages: 5, bytes: 1e6 } });
    await inbox.put(incoming(['a', 'b']));
    const dropped = await inbox.put(incoming(numbered(10)), { senderKeeps });
    const indexes = dropped.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );
    assert.deepEqual(indexes, [3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(await waitingTexts(inbox), ['a', 'b', 'm0', 'm1', 'm2']);
    assert.deepEqual([inbox.depth, inbox.dropped], [5, 7]);
  }
});

test('a batch waits for room in parts, however long nobody listens, and comes in order', async () => {
  const clock = new FakeClock(0);
  const inbox = inboxOn({ clock, capacity: { messages: 4, bytes: 1e6 } });
  const put = inbox.put(incoming(numbered(10)), { senderKeeps: true, source: from(1) });
  clock.advance(10 * LIMITS.listenerGraceMs);
  assert.equal(await stateOf(put), 'waits');
  assert.deepEqual([inbox.depth, inbox.waiting, inbox.dropped], [4, 6, 0]);
  const taken: string[] = [];
  while (taken.length < 10) {
    taken.push(...(await take(inbox, 1)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(inbox.depth <= 4);
  }
  assert.deepEqual(taken, numbered(10));
  assert.deepEqual(await put, []);
  assert.deepEqual([inbox.depth, inbox.bytes, inbox.waiting], [0, 0, 0]);
});

test('what its sender keeps waits for room however long nobody listens, unless when_full drops', async () => {
  const clock = new FakeClock(0);
  const inbox = await fullInbox(clock);
  const put = inbox.put(incoming(['y']), { senderKeeps: true });
  clock.advance(10 * LIMITS.listenerGraceMs);
  assert.equal(await stateOf(put), 'waits');
  assert.deepEqual([inbox.waiting, inbox.dropped], [1, 0]);
  await take(inbox, 1);
  assert.deepEqual(await put, []);
  const dropping = await fullInbox(clock, 'drop_newest');
  assert.deepEqual(await dropping.put(incoming(['y']), { senderKeeps: true }), [[0, 0]]);
});

test('what comes to a full inbox while the connector stops is left to its sender, and waits again after that', async () => {
  const inbox = await fullInbox();
  inbox.release();
  await assert.rejects(inbox.put(incoming(['y']), { senderKeeps: true }), { code: 'AIOC_CANCELLED' });
  inbox.reopen();
  assert.equal(await stateOf(inbox.put(incoming(['y']), { senderKeeps: true })), 'waits');
  assert.equal(inbox.dropped, 0);
});

test('a full inbox waits for a slow listener, also while that is restarted, and drops when it does not come back', async () => {
  const clock = new FakeClock(0);
  const inbox = await fullInbox(clock);
  inbox.setHasConsumer(true);
  const put = inbox.put(incoming(['y']));
  inbox.setHasConsumer(false);
  clock.advance(LIMITS.listenerGraceMs - 1);
  inbox.setHasConsumer(true);
  clock.advance(LIMITS.listenerGraceMs);
  assert.equal(await stateOf(put), 'waits');
  await take(inbox, 1);
  assert.deepEqual(await put, []);

  const late = inbox.put(incoming(['z']));
  inbox.setHasConsumer(false);
  clock.advance(LIMITS.listenerGraceMs - 1);
  assert.equal(await stateOf(late), 'waits');
  clock.advance(1);
  assert.deepEqual(await late, [[0, 0]]);
});

test('messages that wait for room come before those that come when there is some', async () => {
  const inbox = await fullInbox();
  inbox.setHasConsumer(true);
  const puts = ['1', '2'].map((text) => inbox.put(incoming([text])));
  const taking = take(inbox, 200);
  puts.push(inbox.put(incoming(['3'])));
  await taking;
  assert.deepEqual(await Promise.all(puts), [[], [], []]);
  assert.deepEqual((await waitingTexts(inbox)).slice(-3), ['1', '2', '3']);
});

test('a connector that stops drops nothing: what waits is left to its sender', async () => {
  const inbox = await fullInbox();
  inbox.setHasConsumer(true);
  const put = inbox.put(incoming(['y', 'z']));
  inbox.setHasConsumer(false);
  inbox.release();
  await assert.rejects(put, { code: 'AIOC_CANCELLED' });
  assert.equal(inbox.dropped, 0);
});

test('the age of an inbox is that of what waits now, not of what has long been taken', async () => {
  const clock = new FakeClock(0);
  const inbox = inboxOn({ clock });
  await inbox.put(incoming(['early']));
  await take(inbox, 1);
  assert.equal(inbox.oldestAtMs, undefined);
  clock.advance(60_000);
  await inbox.put(incoming(['late']));
  assert.equal(inbox.oldestAtMs, clock.wallNow());
});

test('a full inbox that drops the oldest drops what is left of its batch, and has the newest in the end', async () => {
  const inbox = await fullInbox(new FakeClock(0), 'drop_oldest');
  await take(inbox, 40);
  await inbox.put(incoming(numbered(40)));
  assert.deepEqual(await inbox.put(incoming(['newest'])), []);
  assert.deepEqual([inbox.dropped, inbox.depth], [60, LIMITS.inboxMessages - 59]);
  const texts = await waitingTexts(inbox);
  assert.deepEqual([texts[0], texts.at(-1), texts.length], ['m100', 'newest', inbox.depth]);
});

test('those that come at once to a slow disk: the newest are kept, though none of them is stored yet', async () => {
  const capacity = { messages: 2, bytes: 1_000 };
  const inbox = inboxOn({ store: slowStore(), whenFull: 'drop_oldest', capacity });
  const puts = numbered(5).map((text) => inbox.put(incoming([text])));
  assert.ok((await Promise.all(puts)).every((dropped) => dropped.length === 0));
  assert.deepEqual([inbox.dropped, inbox.depth], [3, 2]);
  assert.deepEqual(await waitingTexts(inbox), ['m3', 'm4']);
});

test('a listener that comes while the oldest messages are looked for keeps them', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  const inbox = inboxOn({ clock, store, whenFull: 'drop_oldest', capacity: { messages: 2, bytes: 1e6 } });
  await inbox.put(incoming(['a', 'b']));
  const read = store.read.bind(store);
  store.read = async (...asked) => {
    store.read = read;
    inbox.setHasConsumer(true);
    return read(...asked);
  };
  const put = inbox.put(incoming(['c']));
  assert.equal(await stateOf(put), 'waits');
  assert.deepEqual(await take(inbox, 2), ['a', 'b']);
  assert.deepEqual(await put, []);
  assert.deepEqual([inbox.dropped, inbox.depth, await waitingTexts(inbox)], [0, 1, ['c']]);
});

test('while the store takes nothing messages wait, and are kept as soon as it takes something again', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  const inbox = inboxOn({ clock, store });
  const append = store.append.bind(store);
  store.append = async () => {
    throw new Error('the disk is full');
  };
  const put = inbox.put(incoming(['x', 'y']));
  assert.equal(await stateOf(put), 'waits');
  assert.equal(inbox.trouble, 'the disk is full');
  store.append = append;
  clock.advance(LIMITS.storeRetryMs);
  assert.deepEqual(await put, []);
  assert.equal(inbox.trouble, undefined);
  assert.deepEqual(await waitingTexts(inbox), ['x', 'y']);
});

test('what an earlier run has left is there again, without what was taken of a batch', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  const early = inboxOn({ clock, store });
  await early.put(incoming(['a', 'b', 'c']));
  const { bytes } = early;
  await take(early, 1);
  const later = inboxOn({ clock, store });
  await later.restore();
  assert.deepEqual([later.depth, later.bytes, later.oldestAtMs], [2, bytes, clock.wallNow()]);
  assert.equal(later.give(2), true, 'a listener may have had it');
  assert.deepEqual(await take(later, 2), ['b', 'c']);
  assert.deepEqual([later.depth, later.bytes], [0, 0]);
});

test('a message for a closed store is not kept, and its sender receives no ack', async () => {
  const clock = new FakeClock(0);
  const store = new MemoryStore(clock);
  store.append = async () => {
    throw new AiocError('AIOC_CANCELLED', 'the queues are closed');
  };
  const inbox = inboxOn({ clock, store });
  await assert.rejects(inbox.put(incoming(['x', 'y'])), { code: 'AIOC_CANCELLED' });
  assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
});

test('of a batch that is stored in part, only the rest is stored, given and counted', async () => {
  const outcomes: string[] = [];
  const clock = new FakeClock(0);
  const inbox = new Inbox({
    ...{ type: 'any', stream: 'in/any', store: new MemoryStore(clock), clock, isStored: true },
    ...{ capacity: { messages: 100, bytes: 1e6 }, whenFull: 'refuse' },
    onOutcome: ({ logId, count }, outcome) => void outcomes.push(`${logId}+${count} ${outcome}`),
  });
  await inbox.put(incoming(numbered(3)), { source: from(1), logId: 1 });
  assert.deepEqual(await inbox.put(incoming(numbered(5)), { source: from(1), logId: 11 }), []);
  assert.deepEqual(await inbox.put(incoming(numbered(5)), { source: from(1), logId: 21 }), []);
  assert.equal(inbox.depth, 5);
  assert.deepEqual(await take(inbox, 5), numbered(5));
  assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
  assert.deepEqual(outcomes, [
    '1+3 stored',
    '11+3 dropped',
    '14+2 stored',
    '21+5 dropped',
    '1+3 taken',
    '14+2 taken',
  ]);
});

test('what is not stored is acknowledged when its last message is taken, and says which were dropped', async () => {
  const inbox = inboxOn({ isStored: false, whenFull: 'drop_oldest', capacity: { messages: 5, bytes: 1e6 } });
  const first = inbox.put(incoming(numbered(5)), { source: from(1) });
  assert.equal(await stateOf(first), 'waits');
  await take(inbox, 2);
  assert.equal(await stateOf(first), 'waits');
  const second = inbox.put(incoming(numbered(4, 5)), { source: from(6) });
  assert.deepEqual(await first, [[2, 4]], 'those that were taken were not dropped');
  assert.equal(await stateOf(second), 'waits');
  assert.deepEqual(await take(inbox, 4), numbered(4, 5));
  assert.deepEqual(await second, []);
  assert.equal(inbox.dropped, 3);
});

test('what is not stored and has no number is kept at once', async () => {
  const inbox = inboxOn({ isStored: false });
  const unnumbered = inbox.put(incoming(['a', 'b']));
  const withNumber = inbox.put(incoming(['c', 'd']), { source: from(1) });
  assert.equal(await stateOf(unnumbered), 'kept');
  await take(inbox, 3);
  assert.equal(await stateOf(withNumber), 'waits');
  await take(inbox, 1);
  assert.equal(await stateOf(withNumber), 'kept');
});

test('a repetition of which a listener has taken a part waits for the rest only', async () => {
  const inbox = inboxOn({ isStored: false });
  const first = inbox.put(incoming(numbered(2)), { source: from(1) });
  await stateOf(first);
  await take(inbox, 1);
  const again = inbox.put(incoming(numbered(4)), { source: from(1) });
  assert.equal(await stateOf(again), 'waits');
  await take(inbox, 2);
  assert.equal(await stateOf(again), 'waits');
  await take(inbox, 1);
  assert.equal(await stateOf(again), 'kept');
});

test('messages are lent, settled and taken back one by one, whatever batch they are in', async () => {
  const inbox = inboxOn();
  await inbox.put(incoming(numbered(3)));
  await inbox.put(incoming(numbered(2, 3)));
  const { bytes } = inbox;
  const [first, second] = await everything(inbox);
  assert.ok(first !== undefined && second !== undefined);
  const lent = (batch: InboxBatch): LentMessage[] =>
    Array.from({ length: batch.count }, (_, index) => ({
      position: batch.position + index,
      queueBytes: index === batch.count - 1 ? batch.sizeBytes : 0,
      atMs: batch.atMs,
    }));
  inbox.lend([...lent(first), ...lent(second).slice(0, 1)]);
  assert.deepEqual([inbox.depth, inbox.bytes], [1, second.sizeBytes]);
  assert.deepEqual(await waitingTexts(inbox), ['m4']);
  await inbox.settle(first.position + 1);
  const taken = inbox.takeBack();
  assert.deepEqual(taken, { count: 2, bytes: first.sizeBytes });
  assert.deepEqual([inbox.depth, inbox.bytes], [3, bytes]);
  assert.deepEqual(await waitingTexts(inbox), numbered(3, 2));
  inbox.lend([...lent(first).slice(2), ...lent(second)]);
  assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
  inbox.takeBack();
  assert.deepEqual([inbox.depth, inbox.bytes], [3, bytes]);
  assert.deepEqual(await take(inbox, 3), numbered(3, 2));
  assert.deepEqual([inbox.depth, inbox.bytes], [0, 0]);
});
