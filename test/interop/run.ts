/**
 * Runs the tests against the real Python program, prints the matrix that they make, and says by its exit code whether
 * all of it is green: `npm run test:interop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { RESULTS_VARIABLE, readResults } from './matrix/results.ts';
import { matrixOf } from './matrix/table.ts';

/** What still runs after this hangs: it is ended, and its cells are missing. */
const SUITE_MS = 20 * 60_000;

const startedAt = performance.now();
const results = makeTempDir();
try {
  const status = await run(results);
  const { text, green } = matrixOf(readResults(results));
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(`\n${text}\nall of it took ${minutes} minutes`);
  process.exitCode = status === 0 && green ? 0 : 1;
} finally {
  removeDir(results);
}

/** @returns the exit code of the tests, or null when they were ended here */
async function run(results: string): Promise<number | null> {
  const args = ['--import', 'tsx', join(import.meta.dirname, '../run.ts'), 'interop'];
  // A process group of its own, so that all connectors and programs of the tests can be ended with them.
  const tests = spawn(process.execPath, args, {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, [RESULTS_VARIABLE]: results },
  });
  const end = (): void => endGroup(tests);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const timer = setTimeout(() => {
    console.error(`\nthe tests have not ended after ${SUITE_MS / 60_000} minutes`);
    end();
  }, SUITE_MS);
  const [status] = (await once(tests, 'exit')) as [number | null];
  clearTimeout(timer);
  // Whatever a test that was cut off has left behind.
  end();
  return status;
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}
