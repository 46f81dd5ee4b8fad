import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { testProgram } from '../helpers/test-program.ts';

const PROGRAM = testProgram('test/fixtures/old-objects.ts');

/** V8's helper threads are left out: on a busy machine they come too late, and then no bound is kept. */
const NODE_OPTIONS = ['--single-threaded-gc'];

function peakBytes(...args: readonly string[]): number {
  return Number(execFileSync(process.execPath, [...NODE_OPTIONS, ...PROGRAM, ...args], { encoding: 'utf8' }));
}

test('what lives for a moment only takes far less room where that for old objects is bounded', () => {
  const [bounded, unbounded] = [peakBytes('bounded'), peakBytes()];
  assert.ok(bounded < 0.8 * unbounded, `${bounded} bytes, and ${unbounded} without a bound`);
});
