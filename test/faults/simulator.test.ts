import { test } from 'node:test';
import { runSimulatedSeed } from '../campaigns/simulator/history.ts';

/** A longer run: npm run campaign:simulator. */
const SEEDS = 15;

test(`two connectors keep every promise through ${SEEDS} histories of cuts, crashes and bad disks`, async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1)
    await runSimulatedSeed(seed).catch((error: Error) => {
      throw new Error(`npm run campaign:simulator -- 1 ${seed}: ${error.message}`, { cause: error });
    });
});
