import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../../engine/base/errors.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { InboxWriter } from '../../../engine/queues/inbox-writer.ts';
import type { MessageSource } from '../../../engine/queues/message-source.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { batchOf, textsInAll } from '../../helpers/message-batches.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

const STREAM = 'in/any';

function writerOn(clock: SimulatedClock, store: Store) {
  const told: string[] = [];
  const writer = new InboxWriter({
    ...{ stream: STREAM, store, clock },
    onArrival: () => undefined,
    onReleased: () => undefined,
    onSuperseded: ({ count }) => void (count > 0 && told.push(`${count} superseded`)),
    onLost: (peerName, count) => void told.push(`${count} of ${peerName} lost`),
  });
  /** The texts, separated by spaces, come as one batch. */
  const add = (texts: string, source?: MessageSource): void =>
    writer.add({
      batch: { ...batchOf(texts.split(' ')), head: Buffer.from('head') },
      source,
      kept: (_count, known) => told.push(known === 0 ? `${texts} stored` : `${known} of ${texts} known`),
      refused: () => told.push(`${texts} refused`),
    });
  const kept = async (): Promise<string[]> => textsInAll(await store.read(STREAM, 0, 1_000_000));
  return { writer, add, kept, told };
}

const from = (peerName: string, epoch: string, seq: number): MessageSource => ({ peerName, epoch, seq });

/** Its first appends fail, each with the error that is given for it. */
function failing(clock: SimulatedClock, errors: (AiocError | undefined)[]): MemoryStore {
  const store = new MemoryStore(clock);
  const append = store.append.bind(store);
  store.append = async (...given) => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return append(...given);
  };
  return store;
}

const FULL = new AiocError('AIOC_DISK_FULL', 'the disk is full');

test('what a sender sent before its restart is stored before what it sent after it, though the disk refuses that once', async () => {
  const clock = new SimulatedClock();
  const { add, kept } = writerOn(clock, failing(clock, [undefined, FULL]));
  add('first', from('ann', 'old', 1));
  // These come while the first one is being stored, and go to the store together.
  add('a', from('ann', 'old', 2));
  add('b', from('ann', 'new', 1));
  add('c', from('ben', 'own', 1));
  await clock.pass(LIMITS.storeRetryMs * 2);
  assert.deepEqual(await kept(), ['first', 'c', 'a', 'b'], 'another sender does not wait');
});

test('what is refused takes with it all that came behind it from that sender, and nothing else', async () => {
  const clock = new SimulatedClock();
  const closed = new AiocError('AIOC_CANCELLED', 'the queues are closed');
  const { add, kept, told } = writerOn(clock, failing(clock, [undefined, closed]));
  add('first', from('ann', 'old', 1));
  add('a', from('ann', 'old', 2));
  add('b', from('ann', 'new', 1));
  add('p');
  await clock.pass(1);
  assert.deepEqual(await kept(), ['first', 'p']);
  assert.deepEqual(told.toSorted(), ['a refused', 'b refused', 'first stored', 'p stored']);
  // It comes again, over another connection.
  add('a', from('ann', 'old', 2));
  add('b', from('ann', 'new', 1));
  await clock.pass(1);
  assert.deepEqual(await kept(), ['first', 'p', 'a', 'b']);
});

test('batches that come while one is being stored go together, and only what is new of them is stored', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore(clock);
  const sizes: number[] = [];
  const append = store.append.bind(store);
  store.append = async (stream, batches, source) => {
    sizes.push(batches.length);
    return append(stream, batches, source);
  };
  const { add, kept, told } = writerOn(clock, store);
  add('1 2 3', from('ann', 'hers', 1));
  await clock.pass(1);
  for (const [texts, seq] of [
    ['1 2', 1],
    ['3 4', 3],
    ['5', 5],
    ['6 7', 6],
  ] as const)
    add(texts, from('ann', 'hers', seq));
  await clock.pass(1);
  assert.deepEqual(await kept(), ['1', '2', '3', '4', '5', '6', '7']);
  assert.deepEqual(told, ['1 2 3 stored', '2 of 1 2 known', '1 of 3 4 known', '5 stored', '6 7 stored']);
  assert.deepEqual(sizes, [1, 1, 3, 3], 'the first of those that come begins at once');
  add('6 7', from('ann', 'hers', 6));
  await clock.pass(1);
  assert.equal(told.at(-1), '2 of 6 7 known');
});

test('a number that a sender leaves out is no gap, also inside one append', async () => {
  const clock = new SimulatedClock();
  const { add, kept, writer } = writerOn(clock, new MemoryStore(clock));
  for (const [texts, seq] of [
    ['1 2', 1],
    ['5 6', 5],
    ['9', 9],
  ] as const)
    add(texts, from('ann', 'hers', seq));
  await clock.pass(1);
  assert.deepEqual(await kept(), ['1', '2', '5', '6', '9']);
  assert.deepEqual(writer.storedOf('ann'), [{ epoch: 'hers', seq: 9, hasGap: false }]);
});

test('how far each epoch is stored outlives the writer, and the oldest are forgotten', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore(clock);
  const { add } = writerOn(clock, store);
  for (let life = 0; life < LIMITS.epochsPerQueue + 3; life += 1)
    add('x', from('ann', `life${life}`, life + 1));
  add('y', from('ben', 'his', 7));
  await clock.pass(1);
  const { writer } = writerOn(clock, store);
  await writer.restore();
  const positions = writer.storedOf('ann');
  assert.equal(positions.length, LIMITS.epochsPerQueue);
  assert.deepEqual(positions[0], { epoch: 'life3', seq: 4, hasGap: false });
  assert.deepEqual(writer.storedOf('ben'), [{ epoch: 'his', seq: 7, hasGap: false }]);
  assert.deepEqual(writer.storedOf('nobody'), []);
});

test('after an append that is in doubt, the messages count as stored once, whether it took place or not', async () => {
  for (const tookPlace of [true, false]) {
    const clock = new SimulatedClock();
    const store = new MemoryStore(clock);
    const append = store.append.bind(store);
    let isFirst = true;
    store.append = async (...given) => {
      const wasFirst = isFirst;
      isFirst = false;
      if (!wasFirst || tookPlace) {
        const appended = await append(...given);
        if (!wasFirst) return appended;
      }
      throw new AiocError('AIOC_STORE_AWAY', 'no answer');
    };
    const { add, kept, told } = writerOn(clock, store);
    add('one two', from('alice', 'e', 1));
    await clock.pass(LIMITS.storeRetryMs * 2);
    assert.deepEqual([told, await kept()], [['one two stored'], ['one', 'two']], `took place: ${tookPlace}`);
  }
});
