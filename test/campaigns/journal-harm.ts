/**
 * Harms a group of messages at random places, one history a seed, and looks what a start keeps, counts and asks for:
 * `npm run campaign:journal-harm -- [SEEDS] [FIRST_SEED]`.
 */
import { seededRandom } from '../helpers/simulated-world.ts';
import {
  checkEndOfGroup,
  checkFlipInGroup,
  GROUPS,
  type GroupSample,
  makeGroup,
} from './journal-group-cases.ts';

const seeds = Number(process.argv[2] ?? 1_000);
const first = Number(process.argv[3] ?? 1);
const samples = await Promise.all(GROUPS.map((options) => makeGroup(20, options)));

async function harm(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const sample = samples[Math.floor(random.fraction() * samples.length)] as GroupSample;
  const last = sample.batches.at(-1)?.end ?? 0;
  const at = sample.from + Math.floor(random.fraction() * (last - sample.from));
  const luck = random.fraction();
  if (luck < 0.4) await checkFlipInGroup(sample, at);
  else await checkEndOfGroup(sample, at, luck < 0.7 ? 'cut' : 'zeroed');
}

for (let seed = first; seed < first + seeds; seed += 1) {
  try {
    await harm(seed);
  } catch (error) {
    console.error(`seed ${seed} (npm run campaign:journal-harm -- 1 ${seed}):`);
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(1);
  }
}
console.log(`${seeds} harms from seed ${first} on: all else kept, each loss counted, no mark behind a hole`);
