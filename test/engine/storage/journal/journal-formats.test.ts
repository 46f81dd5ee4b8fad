import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeSegmentHeader, FORMAT_VERSION } from '../../../../engine/storage/journal/format.ts';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { readAll } from '../store-contract.ts';

/** A journal of format 1, as the commit fa14fc6 has written it and a kill left it. */
const FORMAT_1 = fileURLToPath(new URL('format-1', import.meta.url));

test('a journal of format 1 is read, and all of it is written again in the present format', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  for (const name of readdirSync(FORMAT_1)) disk.put(`/journal/${name}`, readFileSync(join(FORMAT_1, name)));
  const journal = await Journal.open({
    ...{ disk: disk.mount(), directory: '/journal', segmentBytes: 1_500 },
    ...{ clock: new FakeClock(1_700_000_100_000), random: seededRandom(2) },
  });
  assert.deepEqual([journal.report.damaged, journal.report.torn], [[], []]);
  const texts = async (stream: string): Promise<string[]> =>
    (await readAll(journal, stream)).map(({ payload }) => payload.toString());
  const news = Array.from({ length: 30 }, (_, index) => `news ${index + 11}`);
  const letters = Array.from({ length: 20 }, (_, index) => `letter ${index + 1}`);
  assert.deepEqual(await texts('in/news'), news);
  assert.deepEqual(await texts('out/bob/letters'), letters);
  assert.deepEqual(Object.fromEntries(await journal.lastSource('in/news')), { 'epoch peer': 40 });
  const formats = (): number[] =>
    disk.paths
      .filter((path) => path.endsWith('.segment'))
      .map((path) => decodeSegmentHeader(disk.file(path).read(0, 96))?.format ?? 0);
  await waitFor(() => formats().every((format) => format === FORMAT_VERSION), {
    what: 'all to be in the present format',
  });
  assert.deepEqual(await texts('in/news'), news);
  assert.deepEqual(await texts('out/bob/letters'), letters);
  await journal.close();
});
