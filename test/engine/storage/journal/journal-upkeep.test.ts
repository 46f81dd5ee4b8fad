import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { single } from '../../../helpers/batches.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

test('a segment of which little lives is copied once it is not the one that was left last', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  let copies = 0;
  disk.fault = ({ name, path }) => {
    if (name === 'create' && path.endsWith('/rewrite.tmp')) copies += 1;
    return undefined;
  };
  const journal = await Journal.open({
    disk: disk.mount(),
    directory: '/journal',
    clock: new FakeClock(1_700_000_000_000),
    random: seededRandom(1),
    segmentBytes: 4_096,
  });
  const has = (number: number): boolean => disk.paths.includes(`/journal/000000000${number}.segment`);
  const fill = async (untilNumber: number): Promise<void> => {
    while (!has(untilNumber)) {
      const { position } = await journal.append('busy', [single(Buffer.alloc(500, 'x'))]);
      await journal.ack('busy', position);
    }
  };

  await journal.append('stuck', [single(Buffer.from('it lives'))]);
  await fill(2);
  const { position } = await journal.append('busy', [single(Buffer.alloc(500, 'x'))]);
  await journal.ack('busy', position);
  assert.equal(copies, 0, 'what lives in it may be done with in a moment');
  await fill(3);
  await waitFor(() => copies > 0, { what: 'the first segment to be copied' });
  const [batch] = await journal.read('stuck', 0, 1_000);
  assert.equal(batch?.records.toString(), 'it lives');
});
