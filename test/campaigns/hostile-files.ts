/**
 * Receives files from a hostile peer while a hostile local user exchanges directories for links:
 * `npm run campaign:hostile-files -- [SWAPS [SEED]]`, or `full [PART/PARTS]`: 10,000 exchanges, each before a chosen call to
 * the disk, as many by a process that does nothing else, ten times as many made-up names of files and in directories, and
 * all hostile archives. Nothing may be written outside, nothing incomplete may stay, and each refusal must have a code.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AiocError } from '../../engine/base/errors.ts';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { encodeTreeEnd, encodeTreeEntry } from '../../engine/files/tree-stream.ts';
import { unzipSafely } from '../../engine/files/unzip.ts';
import { HOSTILE_ARCHIVES } from '../helpers/hostile-archives.ts';
import { hostileBytes, hostileName } from '../helpers/hostile-names.ts';
import { SWAPPED_TRANSFERS, swapped } from '../helpers/hostile-swaps.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { offerOf, TransferWorld } from '../helpers/transfer-world.ts';
import { campaignLength } from './campaign-length.ts';

const NAMES_PER_SWAP = 10;
const CHECKED_EVERY = 200;
const INCOMPLETE = /(^|\/)\.aioc-partial-[0-9a-f]{24}(\/|$)/;
const MEMORY = '/dev/shm';

const { count, seed } = campaignLength(process.argv.slice(2), { full: 10_000, usual: 500 });
const { fraction } = seededRandom(seed);
const faults: string[] = [];
const parent = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'aioc-hostile-'));
Error.stackTraceLimit = 0;

function freshTop(): string {
  const top = join(parent, 'world');
  rmSync(top, { recursive: true, force: true });
  mkdirSync(top);
  return top;
}

function below(limit: number): number {
  return Math.floor(fraction() * limit);
}

async function chosenSwaps(): Promise<string> {
  const outcomes = new Map<string, number>();
  let done = 0;
  while (done < count) {
    const what = SWAPPED_TRANSFERS[below(SWAPPED_TRANSFERS.length)] ?? 'a file';
    const directory = what === 'a tree' ? (['rc', 'hidden', 'tree', 'inner'] as const)[below(4)] : 'rc';
    const forCalls = below(2) === 0 ? 1 + below(20) : 10_000;
    const swap = { what, directory: directory ?? 'rc', call: below(what === 'a tree' ? 260 : 110), forCalls };
    const { isSwapped, outcome, outside } = await swapped(freshTop(), swap);
    if (outside.length > 0) faults.push(`${JSON.stringify(swap)}: ${outside.join(', ')}`);
    if (!isSwapped) continue;
    done += 1;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return `${done} exchanges before a chosen call: ${[...outcomes].map(([what, times]) => `${times} ${what}`).join(', ')}`;
}

/** Exchanges a directory and a link in turn, as fast as it can. */
const SWAPPER = `const { renameSync, rmSync, writeSync } = require('node:fs');
const [directory, link, aside, times] = process.argv.slice(1);
let done = 0;
while (done < Number(times)) {
  try {
    renameSync(directory, aside);
    try { renameSync(link, directory); done += 1; renameSync(directory, link); } catch {}
    try { renameSync(aside, directory); } catch { rmSync(aside, { recursive: true, force: true }); }
  } catch {}
}
writeSync(1, String(done));`;

async function racingSwaps(): Promise<string> {
  const world = new TransferWorld(freshTop());
  const [outside, link, aside] = ['outside', 'link', 'aside'].map((name) => join(world.top, 'run', name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(outside);
  const directory = join(world.target, 'rc');
  mkdirSync(directory, { recursive: true });
  symlinkSync(outside, link);
  const swapper = spawn(process.execPath, ['-e', SWAPPER, directory, link, aside, `${count}`]);
  const ended = new Promise((resolve) => swapper.on('close', resolve));
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  const targets = world.run();
  let [placed, refused] = [0, 0];
  for (let number = 0; isRunning; number += 1) {
    const offer = offerOf(`rc/f${number}`, { id: `race.${number}`, sizeBytes: 4 });
    const target = await targets.open(offer).catch(() => undefined);
    try {
      await target?.write(Buffer.from('evil'));
      await target?.finish();
      await target?.place();
      await target?.settled();
      if (target === undefined) refused += 1;
      else placed += 1;
    } catch {
      refused += 1;
      await target?.discard();
    }
  }
  const written = readdirSync(outside);
  if (written.length > 0) faults.push(`${written.length} files outside, as ${written[0]}`);
  return `${count} exchanges by another process: ${placed} files placed, ${refused} refused, ${written.length} outside`;
}

function outsideOf(world: TransferWorld): string {
  const run = join(world.top, 'run');
  const names = readdirSync(run, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('records'),
  );
  return [
    ...readdirSync(world.top),
    ...names.map((name) => `${name} ${lstatSync(join(run, name)).mtimeMs}`),
  ].join('\n');
}

async function names(): Promise<string> {
  const total = count * NAMES_PER_SWAP;
  let [placed, refused] = [0, 0];
  let world = new TransferWorld(parent);
  let before = '';
  for (let number = 0; number < total; number += 1) {
    if (number % CHECKED_EVERY === 0) {
      if (number > 0) checkNames(world, before, number);
      world = new TransferWorld(freshTop(), { override: true });
      writeFileSync(join(world.top, 'run/precious'), 'mine');
      mkdirSync(world.target);
      symlinkSync(join(world.top, 'run'), join(world.target, 'link'));
      before = outsideOf(world);
    }
    const isPlaced = await (number % 2 === 0 ? fileOf(world, number) : treeOf(world, number));
    if (isPlaced) placed += 1;
    else refused += 1;
  }
  checkNames(world, before, total);
  return `${total} names: ${placed} placed, ${refused} refused`;
}

function checkNames(world: TransferWorld, before: string, number: number): void {
  if (outsideOf(world) !== before) faults.push(`something is outside before name ${number}`);
  const incomplete = readdirSync(world.target, { recursive: true, encoding: 'utf8' }).filter((name) =>
    INCOMPLETE.test(name),
  );
  if (incomplete.length > 0) faults.push(`incomplete before name ${number}: ${incomplete[0]}`);
}

function fileOf(world: TransferWorld, number: number): Promise<boolean> {
  return received(
    world,
    offerOf(hostileName(fraction), { id: `n.${number}`, sizeBytes: 4 }),
    Buffer.from('evil'),
  );
}

/** The name in a tree: refused with all of it, left out, or made. */
function treeOf(world: TransferWorld, number: number): Promise<boolean> {
  const [path, target] = [hostileBytes(fraction), hostileBytes(fraction)];
  const kind = (['file', 'dir', 'link'] as const)[below(3)] ?? 'file';
  const entry = { kind, path, mode: below(0o10000), mtimeMs: below(2 ** 40), sizeBytes: 0 };
  const root = {
    kind: 'dir' as const,
    path: Buffer.alloc(0),
    mode: 0o755,
    mtimeMs: 0,
    sizeBytes: 0,
    target: undefined,
  };
  const stream = Buffer.concat([
    encodeTreeEntry(root),
    encodeTreeEntry({ ...entry, target: kind === 'link' ? target : undefined }),
    encodeTreeEnd({ count: 0, first: [] }),
  ]);
  return received(world, offerOf(`tree${number}`, { id: `n.${number}`, kind: 'tree' }), stream);
}

async function received(
  world: TransferWorld,
  offer: ReturnType<typeof offerOf>,
  stream: Buffer,
): Promise<boolean> {
  let target: Awaited<ReturnType<ReturnType<TransferWorld['run']>['open']>> | undefined;
  try {
    target = await world.run().open(offer);
    await target.write(stream);
    await target.finish();
    await target.place();
    await target.settled();
    return true;
  } catch (error) {
    const name = JSON.stringify(offer.header['with_file']);
    if (!(error instanceof AiocError) || error.code === 'AIOC_INTERNAL') faults.push(`${name}: ${error}`);
    else if (error.message.includes(world.top))
      faults.push(`${name}: a path of this machine in ${error.message}`);
    await target?.discard();
    return false;
  }
}

async function archives(): Promise<string> {
  for (const [what, bytes] of HOSTILE_ARCHIVES) {
    const top = freshTop();
    const archive = join(top, 'site.zip');
    mkdirSync(join(top, 'into'));
    writeFileSync(archive, bytes);
    const options = { archive, intoDirectory: join(top, 'into'), random: realRandomness() };
    const outcome = await unzipSafely(options).then(
      () => 'unpacked',
      (error: unknown) => (error instanceof AiocError ? error.code : String(error)),
    );
    const left = readdirSync(top, { recursive: true, encoding: 'utf8' }).sort().join();
    if (outcome !== 'AIOC_ARCHIVE_BAD' || left !== 'into,site.zip')
      faults.push(`the archive that ${what}: ${outcome}, ${left}`);
  }
  return `${HOSTILE_ARCHIVES.length} archives refused`;
}

try {
  for (const part of [chosenSwaps, racingSwaps, names, archives]) console.log(await part());
} finally {
  rmSync(parent, { recursive: true, force: true });
}
for (const fault of faults.slice(0, 10)) console.error(fault);
console.log(`seed ${seed}: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
