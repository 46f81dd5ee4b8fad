import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { inkCaches, noDevelopmentTools, REQUIRE_BANNER } from '../../../esbuild.plugins.mjs';
import { freePort } from '../../helpers/free-port.ts';
import { PtySession } from '../../helpers/pty-session.ts';
import { type Bench, type Case, type Row, ratioAtMost } from '../case.ts';
import { median } from '../figures.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SIZE = { columns: 120, rows: 40 };
const SLOW = { timeoutMs: 60_000 };
/** Starts in each round, of which the median counts. */
const STARTS = 5;
const MINIMAL = 'a minimal program with Ink';

/** The smallest program with Ink that has a screen and a key, bundled as aioc is. */
async function minimalProgram({ workshop }: Bench): Promise<string> {
  const directory = workshop.directory();
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: { minimal: 'test/bench/programs/minimal-ink.tsx' },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', minify: true, jsx: 'automatic' },
    define: { 'process.env.NODE_ENV': '"production"', fetch: 'undefined' },
    banner: { js: REQUIRE_BANNER },
    logLevel: 'warning',
    plugins: [inkCaches, noDevelopmentTools],
  });
  return join(directory, 'minimal.mjs');
}

/** The first start of a user makes a key; a later start that finds none would measure that. */
async function makeKey(args: readonly string[], home: string): Promise<void> {
  await using session = PtySession.start({ command: process.execPath, args, env: { HOME: home }, ...SIZE });
  await session.waitFor('words here', SLOW);
}

/** From the start of the process to the screen that shows Peers, and from there to the help that `?` opens. */
async function firstFrameMs(args: readonly string[], home: string): Promise<number> {
  const startedAt = performance.now();
  await using session = PtySession.start({ command: process.execPath, args, env: { HOME: home }, ...SIZE });
  await session.waitFor('Peers', SLOW);
  session.press('?');
  await session.waitFor(/Help|Keys/, SLOW);
  return performance.now() - startedAt;
}

export const firstFrame: Case = {
  name: 'first-frame',
  about: `From the start of a process to a screen that shows Peers and has answered “?”: the median of ${STARTS} in each round.`,
  async run(bench) {
    const port = ['--port', String(await freePort())];
    const commands = [
      { system: MINIMAL, args: [await minimalProgram(bench)], values: [] as number[] },
      ...bench.builds.map(({ suffix, cli }) => ({
        system: `aioc${suffix}`,
        args: [cli, ...port],
        values: [] as number[],
      })),
    ];
    const home = bench.workshop.directory();
    for (const { cli } of bench.builds) await makeKey([cli, ...port], home);
    for (const { args } of commands) await firstFrameMs(args, home);
    for (let round = 0; round < bench.options.rounds; round += 1) {
      const took = commands.map(() => [] as number[]);
      for (let start = 0; start < STARTS; start += 1)
        for (const [index, { args }] of commands.entries()) took[index]?.push(await firstFrameMs(args, home));
      for (const [index, { values }] of commands.entries()) values.push(median(took[index] ?? []));
    }
    const rows: Row[] = commands.map(({ system, values }) => ({ system, unit: 'ms', values }));
    return { rows, bars: ratioAtMost(rows, 1.6, ['aioc', MINIMAL]) };
  },
};
