import assert from 'node:assert/strict';
import type { BatchSource } from '../../../engine/storage/store.ts';
import { batchOf, marksOf, readAll, singles, textsOf } from '../../helpers/batches.ts';
import type { WithStore } from './store-contract.ts';

const from = (firstSeq: number, epoch = 'e', sender = 'ann'): BatchSource => ({ sender, epoch, firstSeq });

/** Duplicates and gaps are recognised by the marks of the senders' epochs. */
export function testSources(withStore: WithStore): void {
  withStore('a duplicate and an overlap append nothing and say the mark; a gap is refused', async (store) => {
    const append = async (count: number, source: BatchSource): Promise<unknown> => {
      const { outcome, mark } = await store.append('a', [batchOf(count, `${source.firstSeq}`)], source);
      return [outcome, mark];
    };
    assert.deepEqual(await append(3, from(1)), ['appended', 3]);
    assert.deepEqual(await append(3, from(1)), ['duplicate', 3]);
    assert.deepEqual(await append(1, from(2)), ['duplicate', 3]);
    assert.deepEqual(await append(3, from(2)), ['overlap', 3]);
    assert.deepEqual(await append(1, from(4)), ['appended', 4]);
    await assert.rejects(append(1, from(6)), { code: 'AIOC_STORE_GAP' });
    assert.deepEqual(await append(2, from(1, 'other')), ['appended', 2]);
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['1', '4', '1']);
    assert.deepEqual(await marksOf(store, 'a'), { 'e ann': 4, 'other ann': 2 });
  });

  withStore('what does not append says the last position, and no others', async (store) => {
    const { position } = await store.append('a', [batchOf(3, 'x')], from(1));
    for (const again of [from(1), from(2)]) {
      const { outcome: _outcome, ...rest } = await store.append('a', [batchOf(3, 'again')], again);
      assert.deepEqual(rest, { position, positions: [], previous: position, mark: 3 });
    }
    assert.equal((await store.append('a', [batchOf(1, 'y')])).mark, undefined);
  });

  withStore('after an overlap, the rest is appended behind the mark', async (store) => {
    await store.append('a', [batchOf(2, '1,2')], from(1));
    const batches = [batchOf(1, '2'), batchOf(1, '3'), batchOf(2, '4,5')];
    const { outcome, mark = 0 } = await store.append('a', batches, from(2));
    assert.equal(outcome, 'overlap');
    const rest = await store.append('a', batches.slice(mark - 1), from(mark + 1));
    assert.deepEqual([rest.outcome, rest.mark], ['appended', 5]);
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['1,2', '3', '4,5']);
  });

  withStore('several batches of one append have consecutive numbers', async (store) => {
    await store.append('a', [batchOf(3, 'x'), batchOf(1, 'y'), batchOf(2, 'z')], { ...from(5), after: 0 });
    await store.append('a', [batchOf(2, 'plain')]);
    assert.deepEqual(
      (await readAll(store, 'a')).map(({ seq, sender, epoch }) => [seq, sender, epoch]),
      [
        [5, 'ann', 'e'],
        [8, 'ann', 'e'],
        [9, 'ann', 'e'],
        [undefined, undefined, undefined],
      ],
    );
    assert.deepEqual(await marksOf(store, 'a'), { 'e ann': 10 });
  });

  withStore('numbers that are never sent can be left out', async (store) => {
    await store.append('a', [batchOf(2, '1,2')], from(1));
    const skipping = { ...from(7), after: 2 };
    await store.append('a', [batchOf(2, '7,8')], skipping);
    assert.equal((await store.append('a', singles('7'), skipping)).outcome, 'duplicate');
    await store.append('a', singles('9'), from(9));
    await assert.rejects(store.append('a', singles('12'), { ...from(12), after: 10 }), {
      code: 'AIOC_STORE_GAP',
    });
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['1,2', '7,8', '9']);
    assert.deepEqual(await marksOf(store, 'a'), { 'e ann': 9 });
  });

  withStore(
    'marks are given for all or for one sender, oldest first, until they are forgotten',
    async (store) => {
      const sources = [
        from(1, 'z'),
        from(1, 'z', 'ben'),
        from(1, 'a'),
        from(1, 'm', ''),
        from(1, 'm', 'b c'),
      ];
      for (const [index, source] of sources.entries())
        await store.append('a', [batchOf(index + 1, 'x')], source);
      const all = sources.map(({ sender, epoch }, index) => ({ sender, epoch, seq: index + 1 }));
      assert.deepEqual(await store.marks('a'), all);
      assert.deepEqual(await store.marks('a', 'ann'), [all[0], all[2]]);
      assert.deepEqual(await store.marks('a', ''), [all[3]]);
      assert.deepEqual(await store.marks('a', 'b c'), [all[4]]);
      assert.deepEqual(await store.marks('a', 'nobody'), []);
      assert.deepEqual(await store.marks('unknown'), []);
      await store.forgetMark('a', { sender: 'ann', epoch: 'z' });
      await store.forgetMark('never', { sender: 'was', epoch: 'there' });
      assert.deepEqual(await store.marks('a'), all.slice(1));
      assert.equal((await store.append('a', singles('1'), from(1, 'a'))).outcome, 'duplicate');
      assert.equal((await store.append('a', singles('1'), from(1, 'z'))).outcome, 'appended');
    },
  );

  withStore('a mark that was given does not change with later appends', async (store) => {
    await store.append('a', singles('1'), from(1));
    const marks = await store.marks('a');
    await store.append('a', singles('2'), from(2));
    assert.deepEqual(
      marks.map(({ seq }) => seq),
      [1],
    );
  });

  withStore('duplicates of acknowledged and purged messages are recognised', async (store) => {
    const { position } = await store.append('a', [batchOf(2, '1,2')], from(1));
    await store.ack('a', position);
    assert.equal((await store.append('a', singles('2'), from(2))).outcome, 'duplicate');
    await store.append('a', [batchOf(2, '3,4')], from(3));
    assert.equal(await store.purge('a'), 2);
    assert.equal((await store.stat('a')).count, 0);
    assert.equal((await store.append('a', singles('4'), from(4))).outcome, 'duplicate');
    assert.equal((await store.append('a', [batchOf(2, '4,5')], from(4))).outcome, 'overlap');
  });

  withStore('duplicates among appends that are not awaited are recognised', async (store) => {
    const appends = await Promise.all([
      store.append('a', [batchOf(2, '1,2')], from(1)),
      store.append('a', [batchOf(2, '1,2')], from(1)),
      store.append('a', [batchOf(2, '2,3')], from(2)),
      store.append('a', [batchOf(1, '3')], from(3)),
    ]);
    assert.deepEqual(
      appends.map(({ outcome, mark }) => [outcome, mark]),
      [
        ['appended', 2],
        ['duplicate', 2],
        ['overlap', 2],
        ['appended', 3],
      ],
    );
    assert.deepEqual(textsOf(await readAll(store, 'a')), ['1,2', '3']);
  });
}
