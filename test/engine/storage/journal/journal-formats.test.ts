import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeSegmentHeader, FORMAT_VERSION } from '../../../../engine/storage/journal/format.ts';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { releaseHeld } from '../../../campaigns/release-held.ts';
import { batchOf, marksOf, readAll, singles } from '../../../helpers/batches.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

/** Copies a recorded journal to a simulated disk. */
function recorded(name: 'format-1' | 'format-2'): SimulatedDisk {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const directory = fileURLToPath(new URL(name, import.meta.url));
  for (const file of readdirSync(directory))
    disk.put(`/journal/${file}`, readFileSync(join(directory, file)));
  return disk;
}

function openOn(disk: SimulatedDisk): Promise<Journal> {
  return Journal.open({
    ...{ disk: disk.mount(), directory: '/journal', segmentBytes: 1_500 },
    ...{ clock: new FakeClock(1_700_000_100_000), random: seededRandom(2) },
  });
}

/** Resolves when all segments have the latest format. */
async function allRewritten(disk: SimulatedDisk): Promise<void> {
  const formats = (): number[] =>
    disk.paths
      .filter((path) => path.endsWith('.segment'))
      .map((path) => decodeSegmentHeader(disk.file(path).read(0, 96))?.format ?? 0);
  await waitFor(() => formats().every((format) => format === FORMAT_VERSION), {
    what: 'all segments to have the latest format',
  });
}

/** The messages of a stream: in old formats, each is a batch without a head. */
async function texts(journal: Journal, stream: string): Promise<string[]> {
  const batches = await readAll(journal, stream);
  assert.ok(batches.every(({ count, head }) => count === 1 && head.length === 0));
  return batches.map(({ records }) => records.toString());
}

const numbered = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${name} ${from + index}`);

// Written by the commit fa14fc6, and left by a kill.
test('a journal of format 1 is read and rewritten in the latest format', async () => {
  const disk = recorded('format-1');
  const journal = await openOn(disk);
  assert.deepEqual([journal.report.damaged, journal.report.torn], [[], []]);
  const check = async (): Promise<void> => {
    assert.deepEqual(await texts(journal, 'in/news'), numbered('news', 11, 40));
    assert.deepEqual(await texts(journal, 'out/bob/letters'), numbered('letter', 1, 20));
    assert.deepEqual(await marksOf(journal, 'in/news'), { 'epoch peer': 40 });
  };
  await check();
  await allRewritten(disk);
  await check();
  await journal.close();
});

// Written by the commit 1c5b41c, which found damage in the stream in/gaps at its second start, and left by a kill.
test('a journal of format 2 is read and rewritten in the latest format', async () => {
  const disk = recorded('format-2');
  let journal = await openOn(disk);
  assert.deepEqual([journal.report.damaged, journal.report.torn], [[], []]);
  const news = [...numbered('news', 11, 40), 'again 1', 'other 5', 'other 6'];
  const check = async (): Promise<void> => {
    assert.deepEqual(await texts(journal, 'in/news'), news);
    assert.deepEqual(await texts(journal, 'out/bob/letters'), numbered('letter', 1, 21));
    assert.deepEqual(await journal.marks('in/news', 'peer'), [
      { sender: 'peer', epoch: 'epoch', seq: 40 },
      { sender: 'peer', epoch: 'second', seq: 1 },
    ]);
    assert.deepEqual(await marksOf(journal, 'in/news'), {
      ...{ 'epoch peer': 40, 'second peer': 1, 'epoch other peer': 6 },
    });
    assert.deepEqual(await marksOf(journal, 'out/bob/letters'), { imported: 10 });
    assert.deepEqual(await texts(journal, 'in/gaps'), ['gap 1']);
    assert.deepEqual(await marksOf(journal, 'in/gaps'), { 'epoch peer': 1 });
    assert.deepEqual(await texts(journal, 'held/5/epoch%20peer/in/gaps'), ['gap 3', 'gap 4']);
  };
  await check();
  await allRewritten(disk);
  await check();
  disk.kill();
  journal = await openOn(disk);
  await check();
  await releaseHeld(journal, 'in/gaps');
  assert.deepEqual(await texts(journal, 'in/gaps'), ['gap 1', 'gap 3', 'gap 4']);
  await journal.close();
});

test('a journal of format 2 continues with batches', async () => {
  const disk = recorded('format-2');
  const journal = await openOn(disk);
  const source = { sender: 'peer', epoch: 'epoch', firstSeq: 40 };
  assert.equal((await journal.append('in/news', singles('news 40'), source)).outcome, 'duplicate');
  await journal.append('in/news', [batchOf(3, 'news 41 to 43')], { ...source, firstSeq: 41 });
  await journal.append('out/bob/letters', [batchOf(2, 'letters 22 and 23')]);
  disk.kill();
  const again = await openOn(disk);
  const last = async (stream: string): Promise<unknown> => {
    const { count, head, records } = (await readAll(again, stream)).at(-1) ?? batchOf(0, '');
    return [count, head.toString(), records.toString()];
  };
  assert.deepEqual(await last('in/news'), [3, 'head of news 41 to 43', 'news 41 to 43']);
  assert.deepEqual(await last('out/bob/letters'), [2, 'head of letters 22 and 23', 'letters 22 and 23']);
  assert.equal((await again.stat('out/bob/letters')).count, 23);
  assert.equal((await marksOf(again, 'in/news'))['epoch peer'], 43);
  await again.close();
});
