import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { testProgram } from '../helpers/test-program.ts';

const PROGRAM = testProgram('test/fixtures/young-objects.ts');

test('the room for young objects is bounded, and grows again after it was given back in a quiet time', () => {
  const printed = execFileSync(process.execPath, PROGRAM, { encoding: 'utf8' });
  const { first, still, again } = JSON.parse(printed) as Record<'first' | 'still' | 'again', number>;
  assert.ok(first < 20_000_000, `${first} bytes at first`);
  assert.ok(still < first / 2, `given back to ${still} bytes`);
  assert.ok(again > first / 2, `${again} bytes when busy again, ${first} at first`);
});
