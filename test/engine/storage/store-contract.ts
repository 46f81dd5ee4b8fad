import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store, StoredRecord } from '../../../engine/storage/store.ts';

const text = (records: readonly { payload: Buffer }[]): string[] =>
  records.map(({ payload }) => payload.toString());
/** All of a stream; an answer may hold less than was asked for. */
export async function readAll(store: Store, stream: string, after = 0): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  for (;;) {
    const more = await store.read(stream, all.at(-1)?.position ?? after, 1_000_000_000);
    if (more.length === 0) return all;
    all.push(...more);
  }
}
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

  withStore('has a name of its own, the same whatever becomes of its streams', async (store) => {
    const before = store.identity('a');
    const { position } = await store.append('a', bytes('1', '2'));
    await store.ack('a', position);
    await store.purge('a');
    assert.match(before, /^[^:\s]+$/);
    assert.equal(store.identity('a'), before);
    const other = await open();
    assert.notEqual(other.identity('a'), before);
    await other.close();
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
      assert.deepEqual(text(await readAll(store, 'a')), numbers.map(String));
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

  withStore('numbers that will never come may be left out, when it is said so', async (store) => {
    await store.append('a', bytes('1', '2'), { epoch: 'e', firstSeq: 1 });
    await store.append('a', bytes('7', '8'), { epoch: 'e', firstSeq: 7, after: 2 });
    assert.equal(
      (await store.append('a', bytes('7'), { epoch: 'e', firstSeq: 7, after: 2 })).outcome,
      'duplicate',
    );
    await store.append('a', bytes('8', '9'), { epoch: 'e', firstSeq: 8 });
    await assert.rejects(store.append('a', bytes('12'), { epoch: 'e', firstSeq: 12, after: 10 }), {
      code: 'AIOC_STORE_GAP',
    });
    assert.deepEqual(text(await readAll(store, 'a')), ['1', '2', '7', '8', '9']);
    assert.deepEqual(Object.fromEntries(await store.lastSource('a')), { e: 9 });
  });

  withStore('epochs are told in the order in which they came, until they are forgotten', async (store) => {
    for (const epoch of ['z', 'a', 'm']) await store.append('a', bytes('1'), { epoch, firstSeq: 1 });
    assert.deepEqual([...(await store.lastSource('a')).keys()], ['z', 'a', 'm']);
    await store.forgetSource('a', 'z');
    await store.forgetSource('never', 'there');
    assert.deepEqual([...(await store.lastSource('a')).keys()], ['a', 'm']);
    assert.equal((await store.append('a', bytes('1'), { epoch: 'a', firstSeq: 1 })).outcome, 'duplicate');
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
      text(await readAll(store, 'a')),
      Array.from({ length: 100 }, (_, number) => String(number)),
    );
  });

  withStore('an append says the position of its last record', async (store) => {
    const first = await store.append('a', bytes('1', '2'));
    const second = await store.append('a', bytes('3'));
    const positions = (await readAll(store, 'a')).map(({ position }) => position);
    assert.deepEqual([first.position, second.position], positions.slice(1));
  });

  withStore('an empty batch keeps nothing', async (store) => {
    await store.append('a', bytes('1'));
    assert.equal((await store.append('a', [])).outcome, 'appended');
    assert.deepEqual(text(await readAll(store, 'a')), ['1']);
  });

  withStore('empty and large records come back as they were', async (store) => {
    const large = Buffer.alloc(600_000, 'large');
    await store.append('a', [Buffer.alloc(0), large, Buffer.from([0, 0xa1, 0x0c, 0])]);
    const payloads = (await readAll(store, 'a')).map(({ payload }) => payload);
    assert.deepEqual(
      payloads.map(({ length }) => length),
      [0, 600_000, 4],
    );
    assert.ok(payloads[1]?.equals(large));
    const { count, bytes: held } = await store.stat('a');
    assert.deepEqual({ count, held }, { count: 3, held: 600_004 });
  });

  withStore('the age of a stream is that of the first record that is not acknowledged', async (store) => {
    const nothing = { count: 0, bytes: 0, oldestAtMs: undefined };
    assert.deepEqual(await store.stat('a'), { ...nothing, lastPosition: 0 });
    await store.append('a', bytes('1'));
    await store.append('a', bytes('2'));
    const [first, second] = await readAll(store, 'a');
    assert.equal((await store.stat('a')).oldestAtMs, first?.atMs);
    await store.ack('a', first?.position ?? 0);
    assert.equal((await store.stat('a')).oldestAtMs, second?.atMs);
    await store.ack('a', second?.position ?? 0);
    assert.deepEqual(await store.stat('a'), { ...nothing, lastPosition: second?.position });
    assert.deepEqual(await store.streams(), []);
  });

  withStore('an ack beyond the end takes nothing that comes later', async (store) => {
    const { position } = await store.append('a', bytes('1'));
    await store.ack('a', position * 1_000 + 1_000);
    await store.append('a', bytes('2'));
    assert.deepEqual(text(await readAll(store, 'a')), ['2']);
  });

  withStore('a position is never given again, whatever was acknowledged or purged', async (store) => {
    let last = 0;
    for (let round = 0; round < 5; round += 1) {
      const { position } = await store.append('a', bytes('1', '2'));
      const records = await readAll(store, 'a');
      assert.ok(records.every((record) => record.position > last));
      last = position;
      if (round % 2 === 0) assert.equal(await store.purge('a'), 2);
      else await store.ack('a', position);
    }
    assert.equal(await store.purge('a'), 0);
    assert.equal(await store.purge('unknown'), 0);
  });

  withStore('a purge comes behind the appends before it, and before those after it', async (store) => {
    const [, purged] = await Promise.all([
      store.append('a', bytes('1', '2')),
      store.purge('a'),
      store.append('a', bytes('3')),
    ]);
    assert.equal(purged, 2);
    assert.deepEqual(text(await readAll(store, 'a')), ['3']);
  });

  withStore('repetitions among appends that are not waited for are recognised', async (store) => {
    const outcomes = await Promise.all([
      store.append('a', bytes('1', '2'), { epoch: 'e', firstSeq: 1 }),
      store.append('a', bytes('1', '2'), { epoch: 'e', firstSeq: 1 }),
      store.append('a', bytes('2', '3'), { epoch: 'e', firstSeq: 2 }),
    ]);
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['appended', 'duplicate', 'appended'],
    );
    assert.deepEqual(text(await readAll(store, 'a')), ['1', '2', '3']);
  });

  withStore(
    'many streams with a slow one among them: each is read in order, and stat is exact',
    async (store) => {
      const lastPositions = new Map<string, number>();
      for (let round = 0; round < 40; round += 1) {
        await Promise.all(
          ['fast', 'other', ...(round % 10 === 0 ? ['slow'] : [])].map(async (name) => {
            const { position } = await store.append(name, [Buffer.alloc(300, `${name} ${round} `)]);
            lastPositions.set(name, position);
          }),
        );
        const [first] = await readAll(store, 'fast');
        if (round % 2 === 1) await store.ack('fast', first?.position ?? 0);
        if (round % 7 === 6) await store.purge('other');
      }
      const slow = await readAll(store, 'slow');
      assert.deepEqual(
        slow.map(({ payload }) => payload.toString('latin1', 0, 7)),
        ['slow 0 ', 'slow 10', 'slow 20', 'slow 30'],
      );
      for (const name of ['fast', 'other', 'slow']) {
        const records = await readAll(store, name);
        assert.deepEqual(await store.stat(name), {
          count: records.length,
          bytes: 300 * records.length,
          oldestAtMs: records[0]?.atMs,
          lastPosition: lastPositions.get(name),
        });
      }
    },
  );
}
