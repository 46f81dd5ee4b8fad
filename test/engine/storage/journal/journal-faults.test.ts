import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import type { JournalEvent, JournalOptions } from '../../../../engine/storage/journal/journal-options.ts';
import { runJournalSeed } from '../../../campaigns/journal-seed.ts';
import { batchOf, single } from '../../../helpers/batches.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';

const DIRECTORY = '/journal';
const FIRST = `${DIRECTORY}/0000000001.segment`;

function openOn(disk: SimulatedDisk, options: Partial<JournalOptions> = {}): Promise<Journal> {
  return Journal.open({
    disk: disk.mount(),
    directory: DIRECTORY,
    clock: new FakeClock(1_700_000_000_000),
    random: seededRandom(1),
    ...options,
  });
}

async function texts(journal: Journal, stream = 'a'): Promise<string[]> {
  return (await journal.read(stream, 0, 1_000_000)).map(({ records }) => records.toString('latin1', 0, 8));
}

test('histories with faults and crashes keep every promise', async () => {
  for (let seed = 1; seed <= 80; seed += 1)
    await runJournalSeed(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed} (npm run campaign:journal -- 1 ${seed})`, { cause: error });
    });
});

test('a full disk refuses appends, loses nothing, is reported once, and recovers without a restart', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const told: JournalEvent[] = [];
  const journal = await openOn(disk, { onEvent: (trouble) => void told.push(trouble) });
  await journal.append('a', [single(Buffer.from('before'))]);
  disk.capacityBytes = disk.usedBytes + 50;
  for (let tries = 0; tries < 3; tries += 1)
    await assert.rejects(journal.append('a', [single(Buffer.alloc(200, 'refused'))]), {
      code: 'AIOC_DISK_FULL',
    });
  assert.deepEqual(await texts(journal), ['before']);
  assert.equal(journal.condition.refusing?.code, 'AIOC_DISK_FULL');
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  await journal.append('a', [single(Buffer.from('after'))]);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['refusing', 'storing again'],
  );
  disk.losePower();
  const again = await openOn(disk);
  assert.deepEqual(await texts(again), ['before', 'after']);
});

test('acknowledged batches free space on a full disk', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk, { segmentBytes: 2_000 });
  disk.capacityBytes = 12_000;
  let last = 0;
  await assert.rejects(
    async () => {
      for (let count = 0; count < 100; count += 1)
        last = (await journal.append('a', [single(Buffer.alloc(500, 'x'))])).position;
    },
    { code: 'AIOC_DISK_FULL' },
  );
  await journal.ack('a', last).catch(() => undefined);
  await journal.append('a', [single(Buffer.from('room'))]);
  assert.deepEqual(await texts(journal), ['room']);
});

test('a sync that fails is not trusted when it succeeds later', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk);
  let failing: string | undefined;
  disk.fault = ({ name, path }) => {
    if (name !== 'sync' || failing !== undefined) return undefined;
    failing = path;
    return { fails: 'EIO' };
  };
  await journal.append('a', [single(Buffer.from('kept'))]);
  assert.equal(failing, FIRST);
  disk.fault = ({ name, path }) => (name === 'sync' ? assert.notEqual(path, FIRST) : undefined) ?? undefined;
  disk.losePower();
  assert.deepEqual(await texts(await openOn(disk)), ['kept']);
});

test('bytes that are damaged while it runs cost the batch they are in, are saved, and are reported', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const told: JournalEvent[] = [];
  const journal = await openOn(disk, {
    segmentBytes: 1_000,
    onEvent: (trouble) => void told.push(trouble),
  });
  for (let count = 0; count < 12; count += 1)
    await journal.append('a', [single(Buffer.alloc(100, `record ${count}|`))]);
  const file = disk.file(FIRST);
  file.flip(file.read(0, file.size).indexOf('record 2|') + 20, 1);
  const expected = Array.from({ length: 12 }, (_, count) => `record ${count}`).filter(
    (text) => text !== 'record 2',
  );
  const read = (): Promise<string[]> =>
    texts(journal).then((found) => found.map((text) => text.trim().replace('|', '')));
  const wanted = expected.map((text) => text.slice(0, 8));
  assert.deepEqual(await read(), wanted);
  await journal.close();
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['damage'],
  );
  assert.ok(disk.paths.some((path) => path.includes('/quarantine/segment-1-')));
  const again = await openOn(disk);
  assert.equal((await again.stat('a')).count, 11);
  assert.deepEqual((await texts(again)).length, 11);
});

test('a journal of a newer version is refused, and not touched', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk);
  await journal.close();
  const { encodeSegmentHeader, FORMAT_VERSION } = await import(
    '../../../../engine/storage/journal/format.ts'
  );
  const header = encodeSegmentHeader({
    ...{ format: FORMAT_VERSION + 1, id: Buffer.alloc(16), number: 1 },
    ...{ generation: 0, isWhole: false },
  });
  disk.put(FIRST, header);
  await assert.rejects(openOn(disk), { code: 'AIOC_JOURNAL', message: /format 4.*newer aioc/ });
  assert.deepEqual(disk.file(FIRST).read(0, 96), header);
});

test('reading one stream does not go through the backlog of another', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const journal = await openOn(disk);
  for (let round = 0; round < 10; round += 1) {
    await journal.append('small', [single(Buffer.from(`small ${round}`))]);
    await journal.append(
      'large',
      Array.from({ length: 100 }, () => batchOf(3, 'x'.repeat(10_000))),
    );
  }
  const sizes: number[] = [];
  const read = disk.file(FIRST).read;
  disk.file(FIRST).read = function (from, to) {
    sizes.push(to - from);
    return read.call(this, from, to);
  };
  assert.equal((await journal.read('small', 0, 1_000_000)).length, 10);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(bytes < 3_500_000, `${bytes} of more than 10,000,000 bytes were read`);
});
