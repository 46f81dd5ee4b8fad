/**
 * Writes generated and mutated frames, packets, commands, ClientHellos and journals to connectors, wherever somebody may
 * write: `npm run campaign:fuzz -- [FRAMES] [SEED]`, or `full [PART/PARTS]` of 2,000,000 frames. Says how many were
 * delivered, what memory it took, and how much of the engine's code ran. Fails on a crash, a hang, a malformed message that
 * reached a program, and more than 50 MB.
 */
import { rmSync } from 'node:fs';
import net from 'node:net';
import { bundleTests } from '../helpers/bundle-tests.ts';
import type { Mode } from '../helpers/configured-connectors.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { campaignLength } from './campaign-length.ts';
import { helloBytes, recordedHellos } from './fuzz/client-hellos.ts';
import type { FileCoverage } from './fuzz/coverage.ts';
import { Deliveries } from './fuzz/delivered.ts';
import { Dice } from './fuzz/dice.ts';
import { fuzz, type Surface } from './fuzz/surface.ts';
import { listenerPath, SOURCES, surfacesOf } from './fuzz/surfaces.ts';
import { TargetProcess } from './fuzz/target-process.ts';
import { mutated } from './fuzz/unit.ts';
import { checkMutated, makeSample } from './journal-damage-cases.ts';

const FRAMES = 2_000_000;
const { count, seed } = campaignLength(process.argv.slice(2), { full: FRAMES, usual: 20_000 });
/** ClientHellos and journals: each a twentieth of the frames. */
const others = Math.ceil(count / 20);
const MODES: readonly Mode[] = ['plain', 'tls-allow-all', 'mutual-tls'];
const MEMORY_MB = 50;
/** Units between two looks at the target. */
const ROUND = 2_000;
/** Of each surface before the memory is measured: what a connector needs once is not growth. */
const WARM_UP = 1_000;

const failures: string[] = [];
const directory = makeTempDir();
const bundle = await bundleTests(['test/campaigns/programs/fuzz-target.ts']);
const targets = new Map<Mode, TargetProcess>();
process.once('exit', () => {
  for (const target of targets.values()) target.kill();
  rmSync(bundle, { recursive: true, force: true });
  removeDir(directory);
});
const covered = new Map<string, FileCoverage[]>();
console.log(`seed ${seed}`);
for (const mode of MODES) targets.set(mode, await TargetProcess.start(bundle, mode, directory));

/** So many units in rounds, with a look at the target after each. */
async function inRounds(target: TargetProcess, surface: Surface, units: number): Promise<void> {
  for (let done = 0, round = 0; done < units; done += ROUND, round += 1) {
    await fuzz(surface, { count: Math.min(ROUND, units - done), seed: seed * 10_000 + round });
    await target.check();
  }
}

async function fuzzTarget(target: TargetProcess, weights: number): Promise<void> {
  const { mode } = target.place;
  const deliveries = await Deliveries.listen(listenerPath(target.place), SOURCES);
  const surfaces = surfacesOf(target.place);
  for (const surface of surfaces) await fuzz(surface, { count: WARM_UP, seed: 0 });
  await target.check();
  const beforeMb = target.memoryMb;
  target.mostMb = beforeMb;
  for (const surface of surfaces) {
    const units = Math.ceil((count * surface.weight) / weights);
    const startedMs = performance.now();
    await inRounds(target, surface, units);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    console.log(`${surface.name}: ${units} units in ${seconds} s, ${target.memoryMb.toFixed(0)} MB`);
  }
  deliveries.close();
  const { count: delivered, malformed } = deliveries;
  const grownMb = target.mostMb - beforeMb;
  console.log(
    `${mode}: ${delivered} delivered, ${malformed.length} malformed, ${grownMb.toFixed(0)} MB more`,
  );
  for (const fault of malformed.slice(0, 5)) console.log(`  ${JSON.stringify(fault)}`);
  if (malformed.length > 0) failures.push(`${malformed.length} malformed messages in ${mode}`);
  if (grownMb > MEMORY_MB) failures.push(`${grownMb.toFixed(0)} MB in ${mode}`);
}

/** Nine of ten to a server that does nothing but read them, the others to a connector. */
async function fuzzHellos(target: TargetProcess): Promise<void> {
  const hellos = await recordedHellos();
  const unit = (dice: Dice): { bytes: Buffer; isBroken: boolean } => ({
    bytes: helloBytes(hellos, dice),
    isBroken: true,
  });
  const open = (port: number) => (): net.Socket => net.connect({ host: '127.0.0.1', port });
  const common = { weight: 0, units: 1, prelude: () => Buffer.alloc(0), unit };
  const { helloPort, place } = target;
  const name = `${others} ClientHellos`;
  await inRounds(target, { ...common, name, open: open(helloPort) }, Math.ceil(others * 0.9));
  await inRounds(target, { ...common, name, open: open(place.port) }, Math.ceil(others * 0.1));
  console.log(`${name}: ${target.memoryMb.toFixed(0)} MB`);
}

async function fuzzJournals(): Promise<void> {
  const dice = new Dice(seed);
  let sample = await makeSample(12, seed);
  for (let done = 0; done < others; done += 1) {
    if (done % 1_000 === 999) sample = await makeSample(12, seed + done);
    await checkMutated(sample, (bytes) => mutated(bytes, dice), dice.below(1_000));
  }
  console.log(`${others} journals`);
}

function printCoverage(): void {
  const files = new Map<string, FileCoverage>();
  // What ran in one of the targets counts; a file may be in several bundles.
  for (const file of [...covered.values()].flat()) {
    const known = files.get(file.file);
    if (known === undefined || known.run < file.run) files.set(file.file, file);
  }
  const folders = new Map<string, { bytes: number; run: number }>();
  for (const { file, bytes, run } of files.values()) {
    const folder = file.split('/').slice(0, -1).join('/');
    const sum = folders.get(folder) ?? { bytes: 0, run: 0 };
    folders.set(folder, { bytes: sum.bytes + bytes, run: sum.run + run });
  }
  const percent = ({ bytes, run }: { bytes: number; run: number }): string =>
    `${Math.round((100 * run) / bytes)} %`;
  const lines = [...folders].sort().map(([folder, sum]) => `${folder} ${percent(sum)}`);
  console.log(`code that ran: ${lines.join(', ')}`);
  const decoders = ['frame-decoder', 'header', 'record-batch', 'stream-frames', 'messages', 'packets'];
  const chosen = [...files.values()].filter(({ file }) =>
    decoders.some((name) => file.endsWith(`/${name}.ts`)),
  );
  console.log(`  of these ${chosen.map((file) => `${file.file} ${percent(file)}`).join(', ')}`);
}

try {
  const all = [...targets.values()];
  const weights = all.flatMap(({ place }) => surfacesOf(place)).reduce((sum, { weight }) => sum + weight, 0);
  for (const target of all) await fuzzTarget(target, weights);
  await fuzzHellos(targets.get('tls-allow-all') as TargetProcess);
  await fuzzJournals();
  for (const [mode, target] of targets) covered.set(mode, [...(await target.files())]);
  printCoverage();
} catch (error) {
  failures.push((error as Error).message);
}
for (const [mode, { ended }] of targets) if (ended !== undefined) failures.push(`${mode}: ${ended}`);
console.log(failures.length === 0 ? 'OK' : `NOT OK: ${failures.join('; ')}`);
process.exit(failures.length === 0 ? 0 : 1);
