/**
 * Lets a journal on a simulated disk live through faults and crashes, and looks whether it has kept what it confirmed:
 * `npm run campaign:journal -- [SEEDS] [FIRST_SEED]`. The same seed gives the same history.
 */
import { type FaultCounts, runJournalSeed } from './journal-seed.ts';

const seeds = Number(process.argv[2] ?? 1_000);
const first = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
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
