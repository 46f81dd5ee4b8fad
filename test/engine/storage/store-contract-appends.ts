import assert from 'node:assert/strict';
import { lastPositionOf } from '../../../engine/storage/store.ts';
import { batchOf, bytesOf, readAll, singles, textsOf } from '../../helpers/batches.ts';
import type { WithStore } from './store-contract.ts';

/** What is appended is there, in order, as it was. */
export function testAppends(withStore: WithStore): void {
  withStore('gives back what was appended, in order, from any position on', async (store) => {
    await store.append('a', singles('1', '2'));
    await store.append('b', singles('other'));
    await store.append('a', singles('3'));
    const all = await store.read('a', 0, 1_000_000);
    assert.deepEqual(textsOf(all), ['1', '2', '3']);
    assert.ok(all.every((batch, index) => index === 0 || batch.position > (all[index - 1]?.position ?? 0)));
    assert.deepEqual(textsOf(await store.read('a', all[0]?.position ?? 0, 1_000_000)), ['2', '3']);
    assert.deepEqual(textsOf(await store.read('a', all[2]?.position ?? 0, 1_000_000)), []);
    assert.deepEqual(textsOf(await store.read('unknown', 0, 1_000_000)), []);
    assert.deepEqual([...(await store.streams())].sort(), ['a', 'b']);
  });

  withStore('a batch comes back with its count, its head and its bytes', async (store) => {
    const batches = [batchOf(3, 'x1 x2 x3'), batchOf(1, '', ''), batchOf(1_000, 'many', 'h'.repeat(300))];
    await store.append('a', batches);
    const found = await readAll(store, 'a');
    assert.deepEqual(
      found.map(({ count, head, records }) => [count, head.toString(), records.toString()]),
      batches.map(({ count, head, records }) => [count, head.toString(), records.toString()]),
    );
  });

  withStore('each message of a batch has its own position, one behind the other', async (store) => {
    const first = await store.append('a', [batchOf(3, 'x'), batchOf(2, 'y')]);
    const second = await store.append('a', [batchOf(4, 'z')]);
    const [x, y, z] = await readAll(store, 'a');
    assert.ok(x !== undefined && y !== undefined && z !== undefined);
    assert.deepEqual([...first.positions, ...second.positions], [x.position, y.position, z.position]);
    assert.ok(x.position > 0 && y.position > lastPositionOf(x) && z.position > lastPositionOf(y));
    assert.deepEqual([first.position, second.position], [lastPositionOf(y), lastPositionOf(z)]);
    assert.equal((await store.stat('a')).lastPosition, lastPositionOf(z));
  });

  withStore('a read that begins inside a batch gives the whole batch', async (store) => {
    await store.append('a', [batchOf(3, 'x'), batchOf(2, 'y'), batchOf(2, 'z')]);
    const [x, y] = await readAll(store, 'a');
    const from = async (after: number): Promise<string[]> => textsOf(await readAll(store, 'a', after));
    const [xAt, yAt] = [x?.position ?? 0, y?.position ?? 0];
    assert.deepEqual(await from(xAt), ['x', 'y', 'z']);
    assert.deepEqual(await from(xAt + 1), ['x', 'y', 'z']);
    assert.deepEqual(await from(xAt + 2), ['y', 'z']);
    assert.deepEqual(await from(yAt), ['y', 'z']);
    assert.deepEqual(await from(yAt + 1), ['z']);
  });

  withStore('has a name of its own, the same whatever becomes of its streams', async (store, open) => {
    const before = store.identity('a');
    const { position } = await store.append('a', singles('1', '2'));
    await store.ack('a', position);
    await store.purge('a');
    assert.match(before, /^[^:\s]+$/);
    assert.equal(store.identity('a'), before);
    const other = await open();
    assert.notEqual(other.identity('a'), before);
    await other.close();
  });

  withStore('appends that are not awaited are stored and settle in order', async (store) => {
    const settled: number[] = [];
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    const appends = numbers.map((number) =>
      store.append('a', singles(`${number}`)).then(({ position }) => {
        settled.push(number);
        return position;
      }),
    );
    const positions = await Promise.all(appends);
    assert.deepEqual(settled, numbers);
    assert.ok(positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0)));
    assert.deepEqual(textsOf(await readAll(store, 'a')), numbers.map(String));
  });

  withStore('a read is bounded in bytes, and gives at least one batch', async (store) => {
    await store.append('a', singles(...['x', 'y', 'z'].map((letter) => Buffer.alloc(1_000, letter))));
    assert.equal((await store.read('a', 0, 10)).length, 1);
    const [first] = await store.read('a', 0, 10);
    assert.equal((await store.read('a', first?.position ?? 0, 2_500)).length, 2);
  });

  withStore('an append says the last position before it', async (store) => {
    assert.equal((await store.append('a', [])).previous, 0);
    const appends = await Promise.all([
      store.append('a', [batchOf(2, 'x')]),
      store.append('b', [batchOf(2, 'other')]),
      store.append('a', [batchOf(3, 'y'), batchOf(1, 'z')]),
      store.append('a', [batchOf(1, 'last')]),
    ]);
    assert.deepEqual(
      appends.map(({ previous }) => previous),
      [0, 0, appends[0].position, appends[2].position],
    );
  });

  withStore('an append without batches stores nothing', async (store) => {
    const { position } = await store.append('a', singles('1'));
    const { outcome, positions, ...empty } = await store.append('a', []);
    assert.deepEqual([outcome, positions, empty.position], ['appended', [], position]);
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['1']);
  });

  withStore('a batch without messages is refused', async (store) => {
    await assert.rejects(store.append('a', [batchOf(0, 'none')]), RangeError);
    assert.deepEqual(await store.streams(), []);
  });

  withStore('empty and large batches come back as they were', async (store) => {
    const large = Buffer.alloc(600_000, 'large');
    const middle = Buffer.alloc(64 * 1024, 'middle');
    const batches = singles('', large, Buffer.from([0, 0xa1, 0x0c, 0]), middle, 'x', large);
    await store.append('a', batches);
    const found = (await readAll(store, 'a')).map(({ records }) => records);
    assert.deepEqual(
      found.map(({ length }) => length),
      [0, 600_000, 4, 65_536, 1, 600_000],
    );
    assert.ok(found[1]?.equals(large) && found[3]?.equals(middle) && found[5]?.equals(large));
    const { count, bytes } = await store.stat('a');
    assert.deepEqual({ count, bytes }, { count: 6, bytes: bytesOf(batches) });
  });
}
