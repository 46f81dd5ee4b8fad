import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { single } from '../../../helpers/batches.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';

const DIRECTORY = '/journal';
const HEADER_BYTES = 48;

function pathOf(segment: number): string {
  return `${DIRECTORY}/${String(segment).padStart(10, '0')}.segment`;
}

function openOn(disk: SimulatedDisk): Promise<Journal> {
  return Journal.open({
    disk: disk.mount(),
    directory: DIRECTORY,
    clock: new FakeClock(1_700_000_000_000),
    random: seededRandom(1),
  });
}

async function texts(journal: Journal): Promise<string[]> {
  return (await journal.read('a', 0, 1_000_000)).map(({ records }) => records.toString('latin1'));
}

/** A start that ends before the segment that it has written is synced. */
async function startCutShort(disk: SimulatedDisk, segment: number): Promise<void> {
  const crashed = new Promise<void>((resolve) => {
    disk.onCrash = resolve;
  });
  disk.fault = ({ name, path }) => (name === 'sync' && path === pathOf(segment) ? 'crash' : undefined);
  void openOn(disk);
  await crashed;
  disk.fault = () => undefined;
  disk.kill();
}

/** One of the two headers is zeros, as if its page had not arrived on the disk. */
function zeroHeader(disk: SimulatedDisk, segment: number, which: 'first' | 'second'): void {
  const file = disk.file(pathOf(segment));
  const bytes = Buffer.from(file.read(0, file.size));
  const from = which === 'first' ? 0 : HEADER_BYTES;
  disk.put(pathOf(segment), bytes.fill(0, from, from + HEADER_BYTES));
}

for (const which of ['first', 'second'] as const) {
  test(`the ${which} header of a new journal, missing after a crash in its first start, is not called damaged`, async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    await startCutShort(disk, 1);
    zeroHeader(disk, 1, which);
    const { report } = await openOn(disk);
    assert.deepEqual(report.damaged, []);
    assert.deepEqual(
      report.torn.map(({ segment, from, to, lost }) => ({ segment, from, to, lost })),
      [{ segment: 1, from: 0, to: 2 * HEADER_BYTES, lost: 0 }],
    );
  });

  test(`the ${which} header of a segment, missing after a crash in the start that made it, is not called damaged`, async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const journal = await openOn(disk);
    await journal.append('a', [single(Buffer.from('kept'))]);
    disk.kill();
    await startCutShort(disk, 2);
    zeroHeader(disk, 2, which);
    const again = await openOn(disk);
    assert.deepEqual(again.report.damaged, []);
    assert.deepEqual(
      again.report.torn.map(({ segment, to, lost }) => ({ segment, to, lost })),
      [{ segment: 2, to: 2 * HEADER_BYTES, lost: 0 }],
    );
    assert.deepEqual(await texts(again), ['kept']);
  });

  test(`the ${which} header of a segment that was written to is called damaged when it is missing`, async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) });
    const journal = await openOn(disk);
    await journal.append('a', [single(Buffer.from('kept'))]);
    disk.kill();
    zeroHeader(disk, 1, which);
    const again = await openOn(disk);
    assert.deepEqual(
      again.report.damaged.map(({ segment, to, lost }) => ({ segment, to, lost })),
      [{ segment: 1, to: 2 * HEADER_BYTES, lost: 0 }],
    );
    assert.deepEqual(again.report.torn, []);
    assert.deepEqual(await texts(again), ['kept']);
  });
}
