import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from './cells.ts';

/** Names the directory in which the test files write down their results; without it they do not. */
export const RESULTS_VARIABLE = 'AIOC_MATRIX_RESULTS';

export function writeResult(result: Result): void {
  const directory = process.env[RESULTS_VARIABLE];
  if (directory === undefined) return;
  appendFileSync(join(directory, `${process.pid}.ndjson`), `${JSON.stringify(result)}\n`);
}

export function readResults(directory: string): readonly Result[] {
  return readdirSync(directory).flatMap((name) =>
    readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Result),
  );
}
