import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { atLeast, atMost, type Bar, type Bench, type Case, type Row, ratioAtLeast } from '../case.ts';
import { median, ratios } from '../figures.ts';
import { watch } from '../processes.ts';
import { eachPart } from '../rate.ts';
import { aiocOfFiles, type FilesSystem, floorOfFiles, removeArrived } from '../systems/files.ts';

const MB = 1024 * 1024;
const ENTRY_BYTES = 1_000;
const ENTRIES_IN_DIRECTORY = 1_000;
/** Of the two sizes of trees, the smaller is also the one that goes through tar. */
const SMALL_SHARE = 0.1;

interface Content {
  readonly path: string;
  readonly isTree: boolean;
  /** Megabytes, or entries. */
  readonly amount: number;
  readonly unit: string;
}

interface Measured {
  readonly perSecond: number;
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly peakMb: Readonly<Record<string, number>>;
}

function makeFile({ workshop, options }: Bench): Content {
  const path = join(workshop.directory(), 'large');
  const file = openSync(path, 'w');
  for (let written = 0; written < options.megabytes; written += 1) writeSync(file, randomBytes(MB));
  closeSync(file);
  return { path, isTree: false, amount: options.megabytes, unit: 'MB a second' };
}

function makeTree({ workshop }: Bench, entries: number): Content {
  const path = workshop.directory();
  for (let number = 0; number < entries; number += 1) {
    const directory = join(path, String(Math.floor(number / ENTRIES_IN_DIRECTORY)));
    if (number % ENTRIES_IN_DIRECTORY === 0) mkdirSync(directory);
    writeFileSync(join(directory, String(number)), randomBytes(ENTRY_BYTES));
  }
  return { path, isTree: true, amount: entries, unit: 'files a second' };
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: MB })) hash.update(chunk);
  return hash.digest('hex');
}

/** The names and contents of a directory. */
function digestOfTree(path: string): string {
  const hash = createHash('sha256');
  for (const name of (readdirSync(path, { recursive: true }) as string[]).sort()) {
    hash.update(`${name}\0`);
    const inside = join(path, name);
    if (statSync(inside).isFile()) hash.update(readFileSync(inside));
  }
  return hash.digest('hex');
}

/** @throws Error if what has arrived is not the same */
async function check({ path, isTree }: Content, arrived: string): Promise<void> {
  const isSame = isTree
    ? digestOfTree(arrived) === digestOfTree(path)
    : (await sha256(arrived)) === (await sha256(path));
  if (!isSame) throw new Error(`${arrived} is not ${path}`);
}

let sent = 0;

async function measure(system: FilesSystem, content: Content): Promise<Measured> {
  const name = `arrived-${sent}`;
  sent += 1;
  // What was written before is not to be written meanwhile.
  execFileSync('sync');
  const used = watch(system.processes);
  const tookMs = await system.send({ path: content.path, name, isTree: content.isTree });
  const { cpuMs, peakMb } = used();
  await check(content, join(system.directory, name));
  removeArrived(system, name);
  return { perSecond: (1000 * content.amount) / tookMs, cpuMs, peakMb };
}

/** Each system once in every round, after one round that does not count. */
async function rates(systems: readonly FilesSystem[], content: Content, rounds: number): Promise<Row[]> {
  const all = systems.map((system) => ({ system, measured: [] as Measured[] }));
  for (const { system } of all) await measure(system, content);
  for (let round = 0; round < rounds; round += 1)
    for (const { system, measured } of all) measured.push(await measure(system, content));
  const what = content.isTree
    ? `${content.amount.toLocaleString('en')} files of 1 kB`
    : `${content.amount} MB`;
  return all.map(({ system: { name }, measured }) => ({
    system: `${name}, ${what}`,
    unit: content.unit,
    values: measured.map(({ perSecond }) => perSecond),
    cpuUs: eachPart(
      measured.map(({ cpuMs }) => scaled(cpuMs, 1000 / content.amount)),
      median,
    ),
    peakMb: eachPart(
      measured.map(({ peakMb }) => peakMb),
      (values) => Math.max(...values),
    ),
  }));
}

function scaled(parts: Readonly<Record<string, number>>, by: number): Record<string, number> {
  return Object.fromEntries(Object.entries(parts).map(([part, value]) => [part, value * by]));
}

/** aioc's row beside the floor's, as they come from `rates`. */
function bars([floor, aioc]: readonly Row[], least: number): readonly Bar[] {
  return floor && aioc ? ratioAtLeast([floor, aioc], least, [aioc.system, floor.system]) : [];
}

export const files: Case = {
  name: 'files',
  about:
    'A file and directories of small files over mutual TLS, hashed on both sides, until they are on the disk there.',
  async run(bench) {
    const { rounds, entries } = bench.options;
    const systems = [
      await floorOfFiles(bench),
      ...(await Promise.all(bench.builds.map((build) => aiocOfFiles(bench, build)))),
    ].filter(({ name }) => name.includes(bench.options.only));
    const file = await rates(systems, makeFile(bench), rounds);
    const own = systems.filter(({ name }) => name.startsWith('aioc')).slice(0, 1);
    const trees = await ratesOfTrees(systems, own, { bench, entries, rounds }).catch(
      ({ message }: Error): { tree: Row[]; large: Row[] } => {
        bench.note(`without directories: ${message.split('\n')[0]}`);
        return { tree: [], large: [] };
      },
    );
    const { tree, large } = trees;
    return {
      rows: [...file, ...tree, ...large],
      bars: [
        ...bars(file, 0.8),
        ...timeBar(tree),
        ...large.map(({ system, values }) => atLeast(2_000, `${system}, a second`, median(values))),
      ],
    };
  },
};

/** A directory in every system, and a larger one in aioc alone. */
async function ratesOfTrees(
  systems: readonly FilesSystem[],
  own: readonly FilesSystem[],
  { bench, entries, rounds }: { readonly bench: Bench; readonly entries: number; readonly rounds: number },
): Promise<{ tree: Row[]; large: Row[] }> {
  const tree = await rates(systems, makeTree(bench, Math.ceil(entries * SMALL_SHARE)), rounds);
  const large = await rates(own, makeTree(bench, entries), 1);
  return { tree, large };
}

function timeBar([tar, aioc]: readonly Row[]): readonly Bar[] {
  if (tar === undefined || aioc === undefined) return [];
  return [
    atMost(3, `time of ${aioc.system} ÷ tar through the floor`, median(ratios(tar.values, aioc.values))),
  ];
}
