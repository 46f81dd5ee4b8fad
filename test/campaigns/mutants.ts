/**
 * Plants one bug after another into a copy of the journal, and looks how many seeds of its campaign it takes to find it:
 * `npm run campaign:mutants -- [SEEDS] [FIRST_SEED]`. Fails when one is not found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeDir } from '../helpers/temp-dir.ts';
import { MUTANTS, type Mutant } from './journal-mutants.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const seeds = Number(process.argv[2] ?? 5_000);
const first = Number(process.argv[3] ?? 1);

/** Returns how many seeds it took; undefined: it was not found. */
function seedsToFind(directory: string, { file, find, replace, name }: Mutant): number | undefined {
  const path = join(directory, 'engine/storage/journal', file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2)
    throw new Error(`"${name}": ${file} has the line to be changed not once`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  try {
    const campaign = ['--import', 'tsx', 'test/campaigns/journal.ts', String(seeds), String(first)];
    const run = spawnSync(process.execPath, campaign, { cwd: directory, encoding: 'utf8' });
    if (run.status === 0) return undefined;
    const seed = /^seed (\d+) /m.exec(run.stderr)?.[1];
    if (seed === undefined) throw new Error(`"${name}" did not run: ${run.stderr}`);
    return Number(seed) - first + 1;
  } finally {
    writeFileSync(path, text);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'journal-mutants-'));
try {
  for (const part of ['engine', 'test/campaigns', 'test/helpers', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, part), join(directory, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  let found = 0;
  for (const mutant of MUTANTS) {
    const count = seedsToFind(directory, mutant);
    if (count !== undefined) found += 1;
    console.log(`${count === undefined ? 'NOT FOUND' : `found by seed ${count}`.padEnd(20)}  ${mutant.name}`);
  }
  console.log(`${found} of ${MUTANTS.length} planted bugs found within ${seeds} seeds from ${first} on`);
  if (found < MUTANTS.length) process.exitCode = 1;
} finally {
  removeDir(directory);
}
