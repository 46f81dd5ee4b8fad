/**
 * Lets a sender and a receiver of files live through cuts, restarts, damage, changing sources, failing disks and
 * cancellations, and looks whether each file arrives as it is or fails with a reason, and nothing is left:
 * `npm run campaign:transfers -- [SEEDS] [FIRST_SEED]`, or `full [PART/PARTS]` of 20,000 seeds. The same seed gives the
 * same history.
 */
import { removeRealDisk } from '../helpers/no-real-disk.ts';
import { campaignLength } from './campaign-length.ts';
import { type FaultCounts, runTransferSeed } from './transfers/history.ts';

const { count: seeds, seed: first } = campaignLength(process.argv.slice(2), { usual: 1_000, full: 20_000 });
const totals: FaultCounts = {};
removeRealDisk();
const startedMs = performance.now();
let done = 0;
for (let seed = first; seed < first + seeds; seed += 1) {
  try {
    for (const [kind, count] of Object.entries(await runTransferSeed(seed)))
      totals[kind] = (totals[kind] ?? 0) + count;
    done += 1;
  } catch (error) {
    console.error(`seed ${seed} (npm run campaign:transfers -- 1 ${seed}), after ${done} good ones:`);
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exitCode = 1;
    break;
  }
}
const eachMs = (performance.now() - startedMs) / Math.max(1, done);
console.log(`${done} of ${seeds} seeds from ${first} on kept every promise, ${eachMs.toFixed(1)} ms each`);
for (const [kind, count] of Object.entries(totals).sort(([, a], [, b]) => b - a))
  console.log(`  ${count} × ${kind}`);
process.exit();
