import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { MemoryStore } from '../../../../engine/storage/memory-store.ts';
import type { Store } from '../../../../engine/storage/store.ts';
import { batchOf, marksOf, readAll } from '../../../helpers/batches.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { RemoteStore } from '../../../helpers/remote-store.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';

const streamName = fc.constantFrom('a', 'b', 'a stream with "another" name ✓');
const step = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    stream: streamName,
    batches: fc.array(fc.record({ count: fc.integer({ min: 1, max: 5 }), size: fc.nat(400) }), {
      maxLength: 4,
    }),
    epoch: fc.constantFrom(undefined, 'e', 'f'),
    back: fc.nat(3),
  }),
  fc.record({
    do: fc.constant('ack' as const),
    stream: streamName,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ do: fc.constant('purge' as const), stream: streamName }),
  fc.record({ do: fc.constant('restart' as const), isKill: fc.boolean() }),
);

interface Restartable {
  store: Store;
  restart(isKill: boolean): Promise<Store>;
}

async function journalOnDisk(clock: FakeClock): Promise<Restartable> {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const open = (): Promise<Journal> =>
    Journal.open({
      disk: disk.mount(),
      directory: '/j',
      clock,
      random: seededRandom(2),
      segmentBytes: 1_500,
    });
  const restartable: Restartable = {
    store: await open(),
    restart: async (isKill) => {
      if (!isKill) await restartable.store.close();
      disk.kill();
      return open();
    },
  };
  return restartable;
}

/** What the journal and the plain store in memory must agree on after each step. */
async function seen(store: Store): Promise<unknown> {
  const streams: unknown[] = [];
  for (const name of [...(await store.streams())].sort()) {
    const batches = (await readAll(store, name)).map(
      ({ count, head, records, atMs, seq, sender, epoch }) =>
        `${count} ${head} ${records} ${atMs} ${seq} ${sender} ${epoch}`,
    );
    const marks = await marksOf(store, name);
    // Positions are each store's own.
    const { lastPosition: _last, acked: _acked, ...stat } = await store.stat(name);
    streams.push({ name, batches, marks, stat });
  }
  return streams;
}

async function apply(
  store: Store,
  one: Exclude<Parameters<typeof applyBoth>[1], { do: 'restart' }>,
): Promise<unknown> {
  if (one.do === 'purge') return store.purge(one.stream);
  if (one.do === 'append') {
    const batches = one.batches.map(({ count, size }, index) => batchOf(count, `${index}`.padEnd(size)));
    if (one.epoch === undefined) return (await store.append(one.stream, batches)).outcome;
    const last = (await store.marks(one.stream, 'ann')).find(({ epoch }) => epoch === one.epoch)?.seq ?? 0;
    const firstSeq = Math.max(1, last + 2 - one.back);
    return store.append(one.stream, batches, { sender: 'ann', epoch: one.epoch, firstSeq }).then(
      ({ outcome, mark }) => [outcome, mark],
      (error: { code: string }) => error.code,
    );
  }
  const positions = (await readAll(store, one.stream)).flatMap(({ position, count }) =>
    Array.from({ length: count }, (_, index) => position + index),
  );
  const position = positions[Math.floor(one.share * positions.length)];
  if (position !== undefined) await store.ack(one.stream, position);
  return position === undefined;
}

async function applyBoth(
  stores: readonly Store[],
  one: typeof step extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  if (one.do === 'restart') return;
  const answers = await Promise.all(stores.map((store) => apply(store, one)));
  assert.deepEqual(answers[1], answers[0]);
}

for (const other of ['journal', 'remote'] as const) {
  test(`a ${other} store does the same as one in memory, whatever is done to it, across restarts`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const clock = new FakeClock(1_700_000_000_000);
        const model = new MemoryStore(clock);
        const tested: Restartable =
          other === 'journal'
            ? await journalOnDisk(clock)
            : {
                store: new RemoteStore({ clock, random: seededRandom(4) }),
                restart: async () => tested.store,
              };
        for (const one of steps) {
          clock.advance(10);
          if (one.do === 'restart') tested.store = await tested.restart(one.isKill);
          await applyBoth([model, tested.store], one);
          assert.deepEqual(await seen(tested.store), await seen(model));
        }
        await tested.store.close();
      }),
      { numRuns: 120 },
    );
  });
}
