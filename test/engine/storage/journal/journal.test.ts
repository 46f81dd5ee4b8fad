import { realDisk } from '../../../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../../../engine/base/real-ports.ts';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { SimulatedClock } from '../../../helpers/simulated-clock.ts';
import { SimulatedDisk } from '../../../helpers/simulated-disk.ts';
import { seededRandom } from '../../../helpers/simulated-world.ts';
import { makeTempDir, removeDir } from '../../../helpers/temp-dir.ts';
import { testStoreContract } from '../store-contract.ts';

const common = { clock: realClock(), random: realRandomness(), segmentBytes: 4_096 };

testStoreContract('journal on a simulated disk', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  return Journal.open({ ...common, clock: new SimulatedClock(), disk: disk.mount(), directory: '/journal' });
});

for (const durability of ['batch', 'os', 'always'] as const) {
  testStoreContract(`journal on the real disk, ${durability}`, async () => {
    const directory = makeTempDir();
    const journal = await Journal.open({ ...common, disk: realDisk(), directory, durability });
    const close = journal.close.bind(journal);
    journal.close = async () => {
      await close();
      removeDir(directory);
    };
    return journal;
  });
}
