/**
 * Measures aioc beside other systems: `npm run bench -- [CASE…] [PARAMETER=VALUE…]`, all cases without a name. README.md
 * describes them; options.ts has the parameters.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { findPython } from '../helpers/python-peer.ts';
import { buildOf, thisBuild } from './builds.ts';
import type { Bench, Case } from './case.ts';
import { CASES } from './cases.ts';
import { parseCommandLine } from './options.ts';
import { report } from './report.ts';
import { keepResult } from './results-file.ts';
import { Workshop } from './workshop.ts';

const { names, options } = parseCommandLine(process.argv.slice(2));
const unknown = names.find((name) => CASES.every((one) => one.name !== name));
if (unknown !== undefined)
  throw new RangeError(`there is no case ${unknown}, but ${CASES.map(({ name }) => name).join(', ')}`);

const workshop = new Workshop();
const build = await thisBuild(workshop);
const builds = options.before === undefined ? [build] : [build, buildOf(options.before, build, workshop)];
const python = await findPython();
const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()})`;
const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
console.log(`${machine}; ${options.rounds} rounds of ${options.seconds} s; ${commit}`);

async function measure(one: Case): Promise<void> {
  console.log(`\n${one.name}: ${one.about}`);
  const notes: string[] = [];
  const own = new Workshop();
  open[1] = own;
  const note: Bench['note'] = (line) => {
    notes.push(line);
    console.log(`  ${line}`);
  };
  try {
    const result = await one.run({ options, workshop: own, builds, python, note });
    console.log(report(result));
    const { rounds, seconds } = options;
    const at = new Date().toISOString();
    keepResult(options.results, one.name, {
      about: one.about,
      ...result,
      notes,
      at,
      commit,
      machine,
      rounds,
      seconds,
    });
  } catch (error) {
    // The other cases are measured all the same.
    console.log(`  failed: ${(error as Error).stack}`);
    process.exitCode = 1;
  } finally {
    own.close();
  }
}

/** What has been started is ended, too, where somebody ends the run. */
const open = [workshop];
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const one of open.toReversed()) one.close();
    process.exit(130);
  });
}

try {
  for (const one of CASES) if (names.length === 0 || names.includes(one.name)) await measure(one);
} finally {
  workshop.close();
}
process.exit();
