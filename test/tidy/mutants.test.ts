import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HARM_MUTANTS } from '../campaigns/harm-mutants.ts';
import { JOURNAL_MUTANTS } from '../campaigns/journal-mutants.ts';
import { STREAM_MUTANTS } from '../campaigns/stream-mutants.ts';
import { TRANSFER_MUTANTS } from '../campaigns/transfer-mutants.ts';

test('each bug that a campaign plants finds its line once in the engine of today', () => {
  const planted = [
    ...[...JOURNAL_MUTANTS, ...HARM_MUTANTS].map((mutant) => ({
      ...mutant,
      below: 'engine/storage/journal',
    })),
    ...STREAM_MUTANTS.map((mutant) => ({ ...mutant, below: 'engine' })),
    ...TRANSFER_MUTANTS.map((mutant) => ({ ...mutant, below: 'engine/transfers' })),
  ];
  const lost = planted
    .filter(({ below, file, find }) => readFileSync(join(below, file), 'utf8').split(find).length !== 2)
    .map(({ name, file }) => `${file}: ${name}`);
  assert.deepEqual(lost, []);
});
