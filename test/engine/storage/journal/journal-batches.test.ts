import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../../engine/base/limits.ts';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import type { BatchSource } from '../../../../engine/storage/store.ts';
import { batchOf, bytesOf, marksOf, readAll, single, textsOf } from '../../../helpers/batches.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const FIRST = '/journal/0000000001.segment';
const from = (firstSeq: number): BatchSource => ({ sender: 'ann', epoch: 'e', firstSeq });

function openOn(disk: SimulatedDisk, segmentBytes?: number): Promise<Journal> {
  return Journal.open({
    ...{ disk: disk.mount(), directory: '/journal', ...(segmentBytes !== undefined && { segmentBytes }) },
    ...{ clock: new FakeClock(1_700_000_000_000), random: seededRandom(1) },
  });
}

function damage(disk: SimulatedDisk, text: string): void {
  const file = disk.file(FIRST);
  file.flip(file.read(0, file.size).indexOf(text), 1);
}

test('an ack inside a batch is known after a restart and a compaction, and the batch stays whole', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  let journal = await openOn(disk, 2_000);
  const { positions } = await journal.append('a', [batchOf(3, 'xxx'), batchOf(2, 'yy')]);
  await journal.ack('a', (positions[0] ?? 0) + 1);
  const fill = async (): Promise<void> => {
    const { position } = await journal.append('busy', [single(Buffer.alloc(500, 'b'))]);
    await journal.ack('busy', position);
  };
  for (let round = 0; round < 2; round += 1) await fill();
  const check = async (): Promise<void> => {
    const batches = await readAll(journal, 'a');
    assert.deepEqual(
      batches.map(({ position, count, records }) => [position, count, records.toString()]),
      [
        [positions[0], 3, 'xxx'],
        [positions[1], 2, 'yy'],
      ],
    );
    const { count, bytes } = await journal.stat('a');
    assert.deepEqual({ count, bytes }, { count: 3, bytes: bytesOf(batches) });
  };
  await check();
  let isCompacted = false;
  disk.fault = ({ name, path }) => {
    if (name === 'create' && path.endsWith('rewrite.tmp')) isCompacted = true;
    return undefined;
  };
  disk.kill();
  journal = await openOn(disk, 2_000);
  await check();
  for (let round = 0; round < 20; round += 1) await fill();
  await waitFor(() => isCompacted, { what: 'a compaction' });
  await check();
  await journal.close();
  journal = await openOn(disk, 2_000);
  await check();
});

test('of a damaged batch, only the unacknowledged messages are lost and sent again', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const before = await openOn(disk);
  await before.append('a', [batchOf(3, '1 to 3')], from(1));
  const { positions } = await before.append('a', [batchOf(4, '4 to 7')], from(4));
  await before.append('a', [batchOf(2, '8 and 9')], from(8));
  await before.ack('a', (positions[0] ?? 0) + 1);
  await before.close();
  damage(disk, '4 to 7');
  const journal = await openOn(disk);
  assert.deepEqual(
    journal.report.damaged.map(({ lost, isExact }) => [lost, isExact]),
    [[2, true]],
  );
  // The mark is in the middle of the damaged batch.
  assert.deepEqual(await marksOf(journal, 'a'), { 'e ann': 5 });
  const again = await journal.append('a', [batchOf(4, '4 to 7')], from(4));
  assert.deepEqual([again.outcome, again.mark], ['overlap', 5]);
  await journal.append('a', [batchOf(2, '6 and 7')], from(6));
  await journal.append('a', [batchOf(2, '8 and 9')], from(8));
  assert.deepEqual(textsOf(await readAll(journal, 'a')), ['6 and 7', '8 and 9']);
});

test('a batch behind a gap is held back whole', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const before = await openOn(disk);
  for (const seq of [1, 4, 7, 10]) await before.append('a', [batchOf(3, `from ${seq} on`)], from(seq));
  await before.close();
  damage(disk, 'from 4 on');
  const journal = await openOn(disk);
  assert.deepEqual(textsOf(await readAll(journal, 'a')), ['from 1 on']);
  const [name = ''] = (await journal.streams()).filter((stream) => stream.startsWith('held/'));
  assert.deepEqual(
    (await readAll(journal, name)).map(({ seq, count }) => [seq, count]),
    [
      [7, 3],
      [10, 3],
    ],
  );
  assert.deepEqual(await marksOf(journal, 'a'), { 'e ann': 3 });
});

test('large batches are written as they are, among small ones', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk);
  const sizes = [
    0,
    10,
    0,
    1,
    LIMITS.journalCopiedBytes,
    64 * 1024,
    LIMITS.journalCopiedBytes + 1,
    3,
    200_000,
  ];
  const batches = sizes.map((size, index) => ({
    ...batchOf(index + 1, ''),
    records: Buffer.alloc(size, index + 65),
  }));
  await Promise.all([
    journal.append('a', batches.slice(0, 4)),
    journal.append('a', batches.slice(4), from(1)),
    journal.append('b', batches),
  ]);
  const restarted = (): Promise<Journal> => {
    disk.kill();
    return openOn(disk);
  };
  for (const open of [async () => journal, restarted]) {
    const read = await open();
    for (const name of ['a', 'b']) {
      const found = await readAll(read, name);
      assert.deepEqual(
        found.map(({ count }) => count),
        sizes.map((_, index) => index + 1),
      );
      assert.ok(found.every(({ records }, index) => batches[index]?.records.equals(records)));
    }
  }
});

for (const batchBytes of [66_000, 200_000, 262_300]) {
  test(`batches of ${batchBytes} bytes that do not fit into an answer are not read for it`, async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const journal = await openOn(disk);
    const texts = Array.from({ length: 12 }, (_one, index) => `${index}`.padEnd(batchBytes, '.'));
    for (const text of texts) await journal.append('a', [batchOf(4, text, 'head')]);
    let reads = 0;
    disk.fault = ({ name }) => {
      if (name === 'read') reads += 1;
      return undefined;
    };
    let answers = 0;
    const found: string[] = [];
    for (let after = 0; ; answers += 1) {
      const batches = await journal.read('a', after, LIMITS.outboxLoadBytes);
      const last = batches.at(-1);
      if (last === undefined) break;
      found.push(...textsOf(batches));
      after = last.position + last.count - 1;
    }
    assert.ok(found.every((text, index) => text === texts[index]));
    assert.equal(found.length, texts.length);
    assert.ok(reads <= answers + 1, `${reads} reads for ${answers} answers`);
    await journal.close();
  });
}
