import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../../engine/storage/store.ts';

const text = (records: readonly { payload: Buffer }[]): string[] =>
  records.map(({ payload }) => payload.toString());
const bytes = (...texts: string[]): Buffer[] => texts.map((one) => Buffer.from(one));

/** What every store must do; each implementation runs these tests. */
export function testStoreContract(name: string, open: () => Promise<Store>): void {
  const withStore = (what: string, body: (store: Store) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };

  withStore('gives back what was appended, in order, from any position on', async (store) => {
    await store.append('a', bytes('1', '2'));
    await store.append('b', bytes('other'));
    await store.append('a', bytes('3'));
    const all = await store.read('a', 0, 1_000_000);
    assert.deepEqual(text(all), ['1', '2', '3']);
    assert.ok(all.every((record, index) => index === 0 || record.position > (all[index - 1]?.position ?? 0)));
    assert.deepEqual(text(await store.read('a', all[0]?.position ?? 0, 1_000_000)), ['2', '3']);
    assert.deepEqual(text(await store.read('a', all[2]?.position ?? 0, 1_000_000)), []);
    assert.deepEqual(text(await store.read('unknown', 0, 1_000_000)), []);
    assert.deepEqual([...(await store.streams())].sort(), ['a', 'b']);
  });

  withStore(
    'appends that are asked for at once are kept and settled in the order of asking',
    async (store) => {
      const settled: number[] = [];
      const numbers = Array.from({ length: 200 }, (_, number) => number);
      const asked = numbers.map((number) =>
        store.append('a', bytes(`${number}`)).then(({ position }) => {
          settled.push(number);
          return position;
        }),
      );
      const positions = await Promise.all(asked);
      assert.deepEqual(settled, numbers);
      assert.ok(positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0)));
      assert.deepEqual(text(await store.read('a', 0, 1_000_000)), numbers.map(String));
    },
  );

  withStore('a read is bounded in bytes, and gives at least one record', async (store) => {
    await store.append('a', [Buffer.alloc(1_000, 'x'), Buffer.alloc(1_000, 'y'), Buffer.alloc(1_000, 'z')]);
    assert.equal((await store.read('a', 0, 10)).length, 1);
    const [first] = await store.read('a', 0, 10);
    assert.equal((await store.read('a', first?.position ?? 0, 2_500)).length, 2);
  });

  withStore('what is acknowledged is forgotten, and only that', async (store) => {
    await store.append('a', bytes('1', '22', '333'));
    const [first, second] = await store.read('a', 0, 1_000);
    await store.ack('a', first?.position ?? 0);
    assert.deepEqual(text(await store.read('a', 0, 1_000)), ['22', '333']);
    const { count, bytes: held } = await store.stat('a');
    assert.deepEqual({ count, held }, { count: 2, held: 5 });
    await store.ack('a', first?.position ?? 0);
    await store.ack('a', second?.position ?? 0);
    assert.equal((await store.stat('a')).count, 1);
    await store.append('a', bytes('4'));
    assert.deepEqual(text(await store.read('a', 0, 1_000)), ['333', '4']);
  });

  withStore('a repetition is recognised whole or in part, and a gap is refused', async (store) => {
    const source = (firstSeq: number, epoch = 'e') => ({ epoch, firstSeq });
    assert.equal((await store.append('a', bytes('1', '2'), source(1))).outcome, 'appended');
    assert.equal((await store.append('a', bytes('1', '2'), source(1))).outcome, 'duplicate');
    assert.equal((await store.append('a', bytes('2', '3'), source(2))).outcome, 'appended');
    await assert.rejects(store.append('a', bytes('5'), source(5)), { code: 'AIOC_STORE_GAP' });
    assert.equal((await store.append('a', bytes('1'), source(1, 'other'))).outcome, 'appended');
    assert.deepEqual(text(await store.read('a', 0, 1_000)), ['1', '2', '3', '1']);
    assert.deepEqual(Object.fromEntries(await store.lastSource('a')), { e: 3, other: 1 });
  });

  withStore('what was acknowledged or purged is still recognised as a repetition', async (store) => {
    const { position } = await store.append('a', bytes('1', '2'), { epoch: 'e', firstSeq: 1 });
    await store.ack('a', position);
    assert.equal((await store.append('a', bytes('2'), { epoch: 'e', firstSeq: 2 })).outcome, 'duplicate');
    await store.append('a', bytes('3', '4'), { epoch: 'e', firstSeq: 3 });
    assert.equal(await store.purge('a'), 2);
    assert.equal((await store.stat('a')).count, 0);
    assert.equal((await store.append('a', bytes('4'), { epoch: 'e', firstSeq: 4 })).outcome, 'duplicate');
  });

  withStore('appends that are not waited for keep their order', async (store) => {
    const appended = Array.from({ length: 100 }, (_, number) => store.append('a', bytes(String(number))));
    await Promise.all(appended);
    assert.deepEqual(
      text(await store.read('a', 0, 1_000_000)),
      Array.from({ length: 100 }, (_, number) => String(number)),
    );
  });
}
