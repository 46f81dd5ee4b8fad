import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkError, ERROR_KINDS } from '../../../campaigns/journal-error-cases.ts';

test('an error of the disk, whichever and at whichever call, loses nothing that was confirmed', async () => {
  let hits = 0;
  // All of them are the campaign's (npm run campaign:journal-errors).
  for (const [index, kind] of ERROR_KINDS.entries()) {
    for (let n = 1 + (index % 3); ; n += 17) {
      if (!(await checkError(kind, n, n % 2 === 0))) break;
      hits += 1;
    }
  }
  assert.ok(hits > 50);
});
