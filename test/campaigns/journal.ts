/**
 * Lets a journal on a simulated disk live through faults and crashes, and looks whether it has kept what it confirmed:
 * `npm run campaign:journal -- [SEEDS] [FIRST_SEED]`, or `full [PART/PARTS]` of 100,000 seeds. The same seed gives the
 * same history.
 */
import { campaignLength } from './campaign-length.ts';
import { type FaultCounts, runJournalSeed } from './journal-seed.ts';

const { count: seeds, seed: first } = campaignLength(process.argv.slice(2), { usual: 1_000, full: 100_000 });
const totals: FaultCounts = {};
const startedMs = performance.now();
let done = 0;
try {
  for (let seed = first; seed < first + seeds; seed += 1) {
    try {
      const faults = await runJournalSeed(seed);
      for (const [kind, count] of Object.entries(faults)) totals[kind] = (totals[kind] ?? 0) + count;
      done += 1;
    } catch (error) {
      console.error(`seed ${seed} (npm run campaign:journal -- 1 ${seed}), after ${done} good ones:`);
      console.error(error instanceof Error ? (error.stack ?? error.message) : error);
      process.exitCode = 1;
      break;
    }
  }
} finally {
  const eachMs = (performance.now() - startedMs) / Math.max(1, done);
  console.log(`${done} of ${seeds} seeds from ${first} on kept every promise, ${eachMs.toFixed(1)} ms each`);
  for (const [kind, count] of Object.entries(totals).sort(([, a], [, b]) => b - a))
    console.log(`  ${count} × ${kind}`);
}
// A history that has failed may have left something that would go on for ever.
process.exit();
