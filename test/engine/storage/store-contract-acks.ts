import assert from 'node:assert/strict';
import { batchOf, bytesOf, readAll, singles, textsOf } from '../../helpers/batches.ts';
import type { WithStore } from './store-contract.ts';

/** Acknowledged and purged messages go, and only those. */
export function testAcks(withStore: WithStore): void {
  withStore('what is acknowledged is forgotten, and only that', async (store) => {
    await store.append('a', singles('1', '22', '333'));
    const [first, second] = await store.read('a', 0, 1_000);
    await store.ack('a', first?.position ?? 0);
    assert.deepEqual(textsOf(await store.read('a', 0, 1_000)), ['22', '333']);
    const { count, bytes } = await store.stat('a');
    assert.deepEqual({ count, bytes }, { count: 2, bytes: bytesOf(singles('22', '333')) });
    await store.ack('a', first?.position ?? 0);
    await store.ack('a', second?.position ?? 0);
    assert.equal((await store.stat('a')).count, 1);
    await store.append('a', singles('4'));
    assert.deepEqual(textsOf(await store.read('a', 0, 1_000)), ['333', '4']);
  });

  withStore('an ack inside a batch keeps the batch until its last message is acknowledged', async (store) => {
    const [xs, ys, zs] = [batchOf(3, 'xxx'), batchOf(4, 'yyyy'), batchOf(2, 'zz')];
    const { positions } = await store.append('a', [xs, ys]);
    const [x = 0, y = 0] = positions;
    let highest = 0;
    const state = async (): Promise<unknown> => {
      const { count, bytes, oldestAtMs, acked } = await store.stat('a');
      const batches = await readAll(store, 'a');
      assert.equal(oldestAtMs, batches[0]?.atMs);
      assert.equal(acked, highest);
      return [textsOf(batches), count, bytes];
    };
    const [both, last] = [bytesOf([xs, ys]), bytesOf([ys])];
    const expected: [number, string[], number, number][] = [
      [0, ['xxx', 'yyyy'], 7, both],
      [x, ['xxx', 'yyyy'], 6, both],
      [x + 1, ['xxx', 'yyyy'], 5, both],
      [x, ['xxx', 'yyyy'], 5, both],
      [x + 2, ['yyyy'], 4, last],
      [y + 2, ['yyyy'], 1, last],
    ];
    for (const [upTo, texts, count, bytes] of expected) {
      await store.ack('a', upTo);
      highest = Math.max(highest, upTo);
      assert.deepEqual(await state(), [texts, count, bytes], `after an ack up to ${upTo}`);
    }
    await store.append('a', [zs]);
    assert.deepEqual(await state(), [['yyyy', 'zz'], 3, bytesOf([ys, zs])]);
    highest = y + 3;
    await store.ack('a', highest);
    assert.deepEqual(await state(), [['zz'], 2, bytesOf([zs])]);
  });

  withStore('a purge counts the messages that were not acknowledged', async (store) => {
    const { positions } = await store.append('a', [batchOf(3, 'x'), batchOf(4, 'y')]);
    await store.ack('a', (positions[0] ?? 0) + 1);
    assert.equal(await store.purge('a'), 5);
    assert.deepEqual(await readAll(store, 'a'), []);
    const { acked, lastPosition } = await store.stat('a');
    assert.equal(acked, lastPosition);
    await store.append('a', [batchOf(2, 'z')]);
    assert.equal((await store.stat('a')).count, 2);
    assert.equal(await store.purge('a'), 2);
  });

  withStore('the age of a stream is that of the first batch with unacknowledged messages', async (store) => {
    const nothing = { count: 0, bytes: 0, oldestAtMs: undefined };
    assert.deepEqual(await store.stat('a'), { ...nothing, lastPosition: 0, acked: 0 });
    await store.append('a', singles('1'));
    await store.append('a', singles('2'));
    const [first, second] = await readAll(store, 'a');
    assert.equal((await store.stat('a')).oldestAtMs, first?.atMs);
    await store.ack('a', first?.position ?? 0);
    assert.equal((await store.stat('a')).oldestAtMs, second?.atMs);
    await store.ack('a', second?.position ?? 0);
    const lastPosition = second?.position;
    assert.deepEqual(await store.stat('a'), { ...nothing, lastPosition, acked: lastPosition });
    assert.deepEqual(await store.streams(), []);
  });

  withStore('an ack beyond the end takes nothing that comes later', async (store) => {
    const { position } = await store.append('a', [batchOf(3, '1')]);
    await store.ack('a', position * 1_000 + 1_000);
    assert.equal((await store.stat('a')).acked, position);
    await store.append('a', [batchOf(3, '2')]);
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['2']);
    assert.equal((await store.stat('a')).count, 3);
  });

  withStore('a position is never given again, whatever was acknowledged or purged', async (store) => {
    let last = 0;
    for (let round = 0; round < 5; round += 1) {
      const { position } = await store.append('a', [batchOf(2, '1'), batchOf(1, '2')]);
      const batches = await readAll(store, 'a');
      assert.ok(batches.every((batch) => batch.position > last));
      last = position;
      if (round % 2 === 0) assert.equal(await store.purge('a'), 3);
      else await store.ack('a', position);
    }
    assert.equal(await store.purge('a'), 0);
    assert.equal(await store.purge('unknown'), 0);
  });

  withStore('a purge comes after the appends before it, and before those after it', async (store) => {
    const [, purged] = await Promise.all([
      store.append('a', [batchOf(2, '1')]),
      store.purge('a'),
      store.append('a', singles('3')),
    ]);
    assert.equal(purged, 2);
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['3']);
  });

  withStore(
    'many streams with a slow one among them: each is read in order, and stat is exact',
    async (store) => {
      const lastPositions = new Map<string, number>();
      for (let round = 0; round < 40; round += 1) {
        await Promise.all(
          ['fast', 'other', ...(round % 10 === 0 ? ['slow'] : [])].map(async (name) => {
            const batch = batchOf(1 + (round % 3), `${name} ${round} `.padEnd(300));
            lastPositions.set(name, (await store.append(name, [batch])).position);
          }),
        );
        const [first] = await readAll(store, 'fast');
        if (round % 2 === 1) await store.ack('fast', first?.position ?? 0);
        if (round % 7 === 6) await store.purge('other');
      }
      assert.deepEqual(
        textsOf(await readAll(store, 'slow')).map((text) => text.trim()),
        ['slow 0', 'slow 10', 'slow 20', 'slow 30'],
      );
      for (const name of ['fast', 'other', 'slow']) {
        const batches = await readAll(store, name);
        const { count, acked: _acked, ...stat } = await store.stat(name);
        assert.deepEqual(stat, {
          bytes: bytesOf(batches),
          oldestAtMs: batches[0]?.atMs,
          lastPosition: lastPositions.get(name),
        });
        const sum = batches.reduce((all, batch) => all + batch.count, 0);
        const acked = sum - count;
        assert.ok(name === 'fast' ? acked >= 0 && acked < (batches[0]?.count ?? 0) : acked === 0);
      }
    },
  );
}
