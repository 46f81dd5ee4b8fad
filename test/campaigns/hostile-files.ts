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
import type { TransferOffer, TransferTarget } from '../../engine/files/transfer-target.ts';
import type { TransferTargets } from '../../engine/files/transfer-targets.ts';
import { encodeTreeEnd, encodeTreeEntry } from '../../engine/files/tree-stream.ts';
import { unzipSafely } from '../../engine/files/unzip.ts';
import { HOSTILE_ARCHIVES } from '../helpers/hostile-archives.ts';
import { hostileBytes, hostileName } from '../helpers/hostile-names.ts';
import { SWAPPED_TRANSFERS, type Swap, swapped } from '../helpers/hostile-swaps.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { offerOf, TransferWorld } from '../helpers/transfer-world.ts';
import { campaignLength } from './campaign-length.ts';

const NAMES_PER_SWAP = 10;
const NAMES_PER_WORLD = 200;
/** A connector is restarted after so many names. */
const NAMES_PER_RUN = 20;
/** Worlds at a time: in each, most of the time passes with waiting for the next call to the disk. */
const WORLDS = 8;
const INCOMPLETE = /(^|\/)\.aioc-partial-[0-9a-f]{24}(\/|$)/;
const MEMORY = '/dev/shm';

const { count, seed } = campaignLength(process.argv.slice(2), { full: 10_000, usual: 500 });
const faults: string[] = [];
const parent = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'aioc-hostile-'));
Error.stackTraceLimit = 0;

/** An empty directory: that of the one that had the same number before, if there was one. */
function freshTop(number: number): string {
  const top = join(parent, `world${number}`);
  rmSync(top, { recursive: true, force: true });
  mkdirSync(top);
  return top;
}

/** Made-up numbers of a part of the campaign, always the same. */
class Dice {
  readonly fraction: () => number;

  constructor(part: number) {
    this.fraction = seededRandom(seed * 1_000_003 + part).fraction;
  }

  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}

/** Does `total` things, `WORLDS` at a time, each of which learns its number and that of a place that nobody else uses. */
async function each(total: number, action: (number: number, place: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (place: number): Promise<void> => {
    while (next < total) {
      next += 1;
      await action(next - 1, place);
    }
  };
  await Promise.all(Array.from({ length: WORLDS }, (_, place) => work(place)));
}

async function chosenSwaps(): Promise<string> {
  const outcomes = new Map<string, number>();
  await each(count, async (number, place) => {
    const dice = new Dice(number);
    // A transfer that makes fewer calls is over before the exchange.
    for (;;) {
      const swap = chosenSwap(dice);
      const { isSwapped, outcome, outside } = await swapped(freshTop(place), swap);
      if (outside.length > 0) faults.push(`${JSON.stringify(swap)}: ${outside.join(', ')}`);
      if (!isSwapped) continue;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      return;
    }
  });
  return `${count} exchanges before a chosen call: ${[...outcomes].map(([what, times]) => `${times} ${what}`).join(', ')}`;
}

function chosenSwap(dice: Dice): Swap {
  const what = SWAPPED_TRANSFERS[dice.below(SWAPPED_TRANSFERS.length)] ?? 'a file';
  const directory = what === 'a tree' ? (['rc', 'hidden', 'tree', 'inner'] as const)[dice.below(4)] : 'rc';
  const forCalls = dice.below(2) === 0 ? 1 + dice.below(20) : 10_000;
  return { what, directory: directory ?? 'rc', call: dice.below(what === 'a tree' ? 260 : 110), forCalls };
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
  const world = new TransferWorld(freshTop(0));
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
  let [placed, refused, number] = [0, 0, 0];
  const receive = async (): Promise<void> => {
    while (isRunning) {
      number += 1;
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
  };
  await Promise.all(Array.from({ length: WORLDS }, receive));
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
  let placed = 0;
  await each(Math.ceil(total / NAMES_PER_WORLD), async (worldNumber, place) => {
    const dice = new Dice(-1 - worldNumber);
    const world = new TransferWorld(freshTop(place), { override: true });
    writeFileSync(join(world.top, 'run/precious'), 'mine');
    mkdirSync(world.target);
    symlinkSync(join(world.top, 'run'), join(world.target, 'link'));
    const before = outsideOf(world);
    const first = worldNumber * NAMES_PER_WORLD;
    let targets = world.run();
    for (let number = first; number < Math.min(total, first + NAMES_PER_WORLD); number += 1) {
      if (number % NAMES_PER_RUN === 0) targets = world.run();
      const { offer, stream } = number % 2 === 0 ? fileOf(dice, number) : treeOf(dice, number);
      if (await received({ world, targets, offer, stream })) placed += 1;
    }
    checkNames(world, before, first);
  });
  return `${total} names: ${placed} placed, ${total - placed} refused`;
}

function checkNames(world: TransferWorld, before: string, number: number): void {
  if (outsideOf(world) !== before) faults.push(`something is outside after names from ${number} on`);
  const incomplete = readdirSync(world.target, { recursive: true, encoding: 'utf8' }).filter((name) =>
    INCOMPLETE.test(name),
  );
  if (incomplete.length > 0) faults.push(`incomplete after names from ${number} on: ${incomplete[0]}`);
}

interface Sent {
  readonly offer: TransferOffer;
  readonly stream: Buffer;
}

function fileOf({ fraction }: Dice, number: number): Sent {
  return {
    offer: offerOf(hostileName(fraction), { id: `n.${number}`, sizeBytes: 4 }),
    stream: Buffer.from('evil'),
  };
}

/** The name in a tree: refused with all of it, left out, or made. */
function treeOf(dice: Dice, number: number): Sent {
  const [path, target] = [hostileBytes(dice.fraction), hostileBytes(dice.fraction)];
  const kind = (['file', 'dir', 'link'] as const)[dice.below(3)] ?? 'file';
  const entry = { kind, path, mode: dice.below(0o10000), mtimeMs: dice.below(2 ** 40), sizeBytes: 0 };
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
  return { offer: offerOf(`tree${number}`, { id: `n.${number}`, kind: 'tree' }), stream };
}

interface Receiving extends Sent {
  readonly world: TransferWorld;
  readonly targets: TransferTargets;
}

async function received({ world, targets, offer, stream }: Receiving): Promise<boolean> {
  let target: TransferTarget | undefined;
  try {
    target = await targets.open(offer);
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
    const top = freshTop(0);
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
  for (const part of [chosenSwaps, racingSwaps, names, archives]) {
    const startedMs = performance.now();
    console.log(`${await part()}, in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  }
} finally {
  rmSync(parent, { recursive: true, force: true });
}
for (const fault of faults.slice(0, 10)) console.error(fault);
console.log(`seed ${seed}: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
