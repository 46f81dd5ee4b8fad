/**
 * Runs the tests against the real Python program, prints the matrix that they make, and says by its exit code whether
 * all of it is green: `npm run test:interop`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { RESULTS_VARIABLE, readResults } from './matrix/results.ts';
import { matrixOf } from './matrix/table.ts';

const startedAt = performance.now();
const results = makeTempDir();
try {
  const run = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, '../run.ts'), 'interop'],
    { stdio: 'inherit', env: { ...process.env, [RESULTS_VARIABLE]: results } },
  );
  const { text, green } = matrixOf(readResults(results));
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(`\n${text}\nall of it took ${minutes} minutes`);
  process.exitCode = run.status === 0 && green ? 0 : 1;
} finally {
  removeDir(results);
}
