import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { ReopenableStore } from '../../../engine/storage/reopenable-store.ts';
import { RoutedStore } from '../../../engine/storage/routed-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { TailCacheStore } from '../../../engine/storage/tail-cache-store.ts';
import { batchOf, readAll, single, singles, textsOf } from '../../helpers/batches.ts';
import { RemoteStore } from '../../helpers/remote-store.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { testStoreContract } from './store-contract.ts';

const clock = new SimulatedClock();
const remote = (seed: number, doubt = 0): RemoteStore =>
  new RemoteStore({ clock, random: seededRandom(seed), doubt });

testStoreContract('memory with a cached tail', async () => new TailCacheStore(new MemoryStore(clock), clock));
testStoreContract('remote with a cached tail', async () => new TailCacheStore(remote(5), clock));
testStoreContract('routed', async () => {
  const durable = new ReopenableStore(async () => new MemoryStore(clock));
  await durable.open();
  return new RoutedStore({
    durable,
    passing: new MemoryStore(clock),
    isDurable: (stream) => stream === 'a' || stream === 'fast',
  });
});

/** A store that counts how often it is read. */
function counted(store: Store): { readonly store: Store; readonly reads: () => number } {
  let reads = 0;
  const read = store.read.bind(store);
  store.read = (...args) => {
    reads += 1;
    return read(...args);
  };
  return { store, reads: () => reads };
}

const texts = async (store: Store, after = 0): Promise<string[]> => textsOf(await readAll(store, 'a', after));

test('recent batches are read without the store, earlier ones from the store', async () => {
  const memory = new MemoryStore(clock);
  const { position } = await memory.append('a', singles('old'));
  const { store, reads } = counted(memory);
  const tail = new TailCacheStore(store, clock);
  const { positions } = await tail.append('a', [batchOf(3, '1'), batchOf(1, '2')]);
  assert.deepEqual(textsOf(await tail.read('a', position, 1e6)), ['1', '2']);
  assert.deepEqual(textsOf(await tail.read('a', positions[0] ?? 0, 1e6)), ['1', '2'], 'from inside a batch');
  assert.equal(reads(), 0);
  assert.deepEqual(await texts(tail), ['old', '1', '2']);
  assert.ok(reads() > 0);
});

test('the cache is bounded in bytes for each stream, and in streams', async () => {
  const { store, reads } = counted(new MemoryStore(clock));
  const tail = new TailCacheStore(store, clock);
  const half = Buffer.alloc(LIMITS.storeTailBytes / 2);
  const positions: number[] = [];
  for (let number = 0; number < 4; number += 1)
    positions.push((await tail.append('a', [single(half)])).position);
  const last = (await tail.read('a', positions[1] ?? 0, 1e9)).map(({ position }) => position);
  assert.deepEqual([last, reads()], [positions.slice(2), 0]);
  await tail.read('a', positions[0] ?? 0, 1e9);
  assert.equal(reads(), 1);
  for (let number = 0; number < LIMITS.storeTails; number += 1)
    await tail.append(`b${number}`, [single(half)]);
  await tail.read('a', positions[1] ?? 0, 1e9);
  assert.equal(reads(), 2);
});

test('batches of another writer are not left out', async () => {
  const memory = new MemoryStore(clock);
  const tail = new TailCacheStore(memory, clock);
  const { position } = await tail.append('a', singles('1'));
  await memory.append('a', singles('2'));
  assert.deepEqual(await texts(tail, position), ['2']);
  await tail.append('a', singles('3'));
  assert.deepEqual(await texts(tail, position), ['2', '3']);
  assert.deepEqual(await texts(tail), ['1', '2', '3']);
});

test('an append that took place although it failed is not left out', async () => {
  const inner = remote(1, 1);
  const tail = new TailCacheStore(inner, clock);
  const { position } = await tail.append('a', singles('0'));
  const source = { sender: 's', epoch: 'e', firstSeq: 1 };
  while ((await inner.stat('a')).count < 2)
    await assert.rejects(tail.append('a', singles('1'), source), { code: 'AIOC_STORE_AWAY' });
  const after = await tail.append('a', singles('2'));
  assert.ok(after.previous > position);
  assert.deepEqual(await texts(tail, position), ['1', '2']);
});

test('an append that is repeated until it is known to have taken place is stored once', async () => {
  for (let seed = 1; seed < 20; seed += 1) {
    const store = new TailCacheStore(remote(seed, 0.5), clock);
    let refusals = 0;
    for (let firstSeq = 1; firstSeq < 40; firstSeq += 2) {
      const append = (): Promise<unknown> =>
        store
          .append('a', [batchOf(2, `${firstSeq}`)], { sender: 's', epoch: 'e', firstSeq })
          .catch((error) => {
            assert.equal(error.code, 'AIOC_STORE_AWAY');
            refusals += 1;
            return append();
          });
      await append();
    }
    assert.ok(refusals > 0);
    const expected = Array.from({ length: 20 }, (_, index) => `${2 * index + 1}`);
    assert.deepEqual(await texts(store), expected);
    assert.equal((await store.stat('a')).count, 40);
  }
});

test('whatever is done with it, it reads what the store reads', async () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        counts: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
        large: fc.boolean(),
        back: fc.constantFrom(0, 0, 0, 1, 4),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('ack' as const), share }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('look' as const), share }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const inner = remote(seed, 0.1);
      const tail = new TailCacheStore(inner, clock);
      const under: Promise<unknown>[] = [];
      let [seq, last] = [0, 0];
      for (const one of steps) {
        if (one.kind === 'append') {
          const batches = one.counts.map((count, at) =>
            batchOf(count, `${seq + at + 1}`.padEnd(one.large ? LIMITS.storeTailBytes / 3 : 1, '.')),
          );
          const firstSeq = Math.max(1, seq + 1 - one.back);
          under.push(tail.append('a', batches, { sender: 's', epoch: 'e', firstSeq }).catch(() => undefined));
          seq = Math.max(seq, firstSeq - 1 + one.counts.reduce((sum, count) => sum + count, 0));
        } else if (one.kind === 'ack') under.push(tail.ack('a', Math.floor(last * one.share)));
        else if (one.kind === 'purge') under.push(tail.purge('a'));
        else {
          await Promise.all(under.splice(0));
          last = (await inner.stat('a')).lastPosition;
          // A gap in the numbers was refused; the sender continues behind the mark.
          seq = (await inner.marks('a', 's'))[0]?.seq ?? 0;
          const after = Math.floor(last * one.share);
          assert.deepEqual(await texts(tail, after), await texts(inner, after));
        }
      }
      await Promise.all(under);
      assert.deepEqual(await texts(tail), await texts(inner));
    }),
    { numRuns: 200 },
  );
});
