/**
 * Plants one bug after another into a copy of the engine, and looks how many seeds of a campaign it takes to find it:
 * `npm run campaign:mutants -- [journal|harm|streams|transfers] [SEEDS] [FIRST_SEED] [WORDS]`. WORDS: only those with these words
 * in their names. Fails when one is not found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeDir } from '../helpers/temp-dir.ts';
import { HARM_MUTANTS } from './harm-mutants.ts';
import { JOURNAL_MUTANTS } from './journal-mutants.ts';
import type { Mutant } from './mutant.ts';
import { STREAM_MUTANTS } from './stream-mutants.ts';
import { TRANSFER_MUTANTS } from './transfer-mutants.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SETS = {
  journal: { mutants: JOURNAL_MUTANTS, below: 'engine/storage/journal', campaign: 'journal', seeds: 5_000 },
  harm: { mutants: HARM_MUTANTS, below: 'engine/storage/journal', campaign: 'journal-harm', seeds: 300 },
  streams: { mutants: STREAM_MUTANTS, below: 'engine', campaign: 'simulator', seeds: 20_000 },
  transfers: { mutants: TRANSFER_MUTANTS, below: 'engine/transfers', campaign: 'transfers', seeds: 3_000 },
} as const;

/** What a campaign needs of the repository. */
const PARTS = [
  // What the bundler puts in the place of others.
  'components/terminal',
  'engine',
  'test/campaigns',
  'test/helpers',
  'esbuild.plugins.mjs',
  'package.json',
  'tsconfig.json',
];

const set = SETS[(process.argv[2] ?? 'journal') as keyof typeof SETS];
const seeds = Number(process.argv[3] ?? set.seeds);
const first = Number(process.argv[4] ?? 1);
const mutants = set.mutants.filter(({ name }) => name.includes(process.argv[5] ?? ''));

/** Returns how many seeds it took; undefined: it was not found. */
function seedsToFind(directory: string, { file, find, replace, name }: Mutant): number | undefined {
  const path = join(directory, set.below, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2)
    throw new Error(`"${name}": ${file} has the line to be changed not once`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  try {
    const bundled = ['--import', 'tsx', 'test/campaigns/bundled.ts', set.campaign];
    const campaign = [...bundled, String(seeds), String(first)];
    const run = spawnSync(process.execPath, campaign, { cwd: directory, encoding: 'utf8' });
    if (run.status === 0) return undefined;
    const seed = /^seed (\d+) /m.exec(run.stderr)?.[1];
    if (seed === undefined) throw new Error(`"${name}" did not run: ${run.stderr}`);
    return Number(seed) - first + 1;
  } finally {
    writeFileSync(path, text);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'aioc-mutants-'));
try {
  for (const part of PARTS) cpSync(join(ROOT, part), join(directory, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  let found = 0;
  for (const mutant of mutants) {
    const count = seedsToFind(directory, mutant);
    if (count !== undefined) found += 1;
    console.log(`${count === undefined ? 'NOT FOUND' : `found by seed ${count}`.padEnd(20)}  ${mutant.name}`);
  }
  console.log(`${found} of ${mutants.length} planted bugs found within ${seeds} seeds from ${first} on`);
  if (found < mutants.length) process.exitCode = 1;
} finally {
  removeDir(directory);
}
