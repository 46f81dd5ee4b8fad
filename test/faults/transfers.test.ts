import { test } from 'node:test';
import { runTransferSeed } from '../campaigns/transfers/history.ts';

/** A longer run: npm run campaign:transfers. */
const SEEDS = 150;

test(`files arrive as they are or fail with a reason, and leave nothing, in ${SEEDS} histories of faults`, async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1)
    await runTransferSeed(seed).catch((error: Error) => {
      throw new Error(`npm run campaign:transfers -- 1 ${seed}: ${error.message}`, { cause: error });
    });
});
