import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import type { Store } from '../../../engine/storage/store.ts';
import { TailCacheStore } from '../../../engine/storage/tail-cache-store.ts';
import { RemoteStore } from '../../helpers/remote-store.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { readAll, testStoreContract } from './store-contract.ts';

const clock = new SimulatedClock();
testStoreContract(
  'memory, the last of it remembered',
  async () => new TailCacheStore(new MemoryStore(clock), clock),
);
testStoreContract(
  'as if remote, the last of it remembered',
  async () => new TailCacheStore(new RemoteStore(new MemoryStore(clock), seededRandom(5)), clock),
);

/** A store that counts how often it is read. */
function counted(store: Store): { readonly store: Store; readonly reads: () => number } {
  let reads = 0;
  const read = store.read.bind(store);
  store.read = (...asked) => {
    reads += 1;
    return read(...asked);
  };
  return { store, reads: () => reads };
}

const texts = async (store: Store, after = 0): Promise<string[]> =>
  (await readAll(store, 'a', after)).map(({ payload }) => payload.toString());

test('what was appended a moment ago is read without asking the store, what came before it is not', async () => {
  const memory = new MemoryStore(clock);
  const { position } = await memory.append('a', [Buffer.from('old')]);
  const { store, reads } = counted(memory);
  const tail = new TailCacheStore(store, clock);
  await tail.append('a', [Buffer.from('1'), Buffer.from('2')]);
  assert.deepEqual(await texts(tail, position), ['1', '2']);
  assert.equal(reads(), 0);
  assert.deepEqual(await texts(tail), ['old', '1', '2']);
  assert.ok(reads() > 0);
});

test('of a stream so much is remembered and no more, and of so many streams', async () => {
  const { store, reads } = counted(new MemoryStore(clock));
  const tail = new TailCacheStore(store, clock);
  const half = Buffer.alloc(LIMITS.storeTailBytes / 2);
  const positions: number[] = [];
  for (let number = 0; number < 4; number += 1) positions.push((await tail.append('a', [half])).position);
  const last = (await tail.read('a', positions[1] ?? 0, 1e9)).map(({ position }) => position);
  assert.deepEqual([last, reads()], [positions.slice(2), 0]);
  await tail.read('a', positions[0] ?? 0, 1e9);
  assert.equal(reads(), 1);
  for (let number = 0; number < LIMITS.storeTails; number += 1) await tail.append(`b${number}`, [half]);
  await tail.read('a', positions[1] ?? 0, 1e9);
  assert.equal(reads(), 2);
});

test('whatever is done with it, it says what the store says', async () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.nat(4), large: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('again' as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('ack' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('look' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const inner = new RemoteStore(new MemoryStore(clock), seededRandom(seed));
      const tail = new TailCacheStore(inner, clock);
      const under: Promise<unknown>[] = [];
      let [seq, last] = [0, 0];
      for (const one of steps) {
        if (one.kind === 'append') {
          const batch = Array.from({ length: one.count }, (_, at) =>
            Buffer.from(`${seq + at + 1}`.padEnd(one.large ? LIMITS.storeTailBytes / 3 : 1, '.')),
          );
          const source = { epoch: 'e', firstSeq: seq + 1 };
          if (one.count > 0) under.push(tail.append('a', batch, source));
          seq += one.count;
        } else if (one.kind === 'again') {
          // Some that it has, and as many new ones behind them.
          const firstSeq = Math.max(1, seq - one.count);
          const batch = Array.from({ length: seq + one.count - firstSeq + 1 }, (_, at) =>
            Buffer.from(`${firstSeq + at}`),
          );
          under.push(tail.append('a', batch, { epoch: 'e', firstSeq }));
          seq += one.count;
        } else if (one.kind === 'ack') under.push(tail.ack('a', Math.floor(last * one.share)));
        else if (one.kind === 'purge') under.push(tail.purge('a'));
        else {
          await Promise.all(under.splice(0));
          last = (await inner.stat('a')).lastPosition;
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
