import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from '../helpers/built-program.ts';
import { bundleTests } from '../helpers/bundle-tests.ts';
import { globSync } from '../helpers/glob.ts';
import type { Workshop } from './workshop.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAMS = 'test/bench/programs';

/** A built aioc, and the programs of the bench on its library. */
export interface Build {
  /** Added to the names of its systems: ` (at REF)`, or nothing for this checkout. */
  readonly suffix: string;
  /** The command. */
  readonly cli: string;
  /** Where the programs lie as plain JavaScript. */
  readonly programs: string;
}

export function programOf({ programs }: Build, name: string): string {
  return join(programs, PROGRAMS, name.replace('.ts', '.mjs'));
}

/** This checkout, which must have been built. */
export async function thisBuild(workshop: Workshop): Promise<Build> {
  const cli = builtProgram();
  const programs = await bundleTests(globSync(PROGRAMS, /\.ts$/));
  workshop.after(() => rmSync(programs, { recursive: true, force: true }));
  return { suffix: '', cli, programs };
}

/** The same of another commit, with the programs of this one. */
export function buildOf(ref: string, { programs }: Build, workshop: Workshop): Build {
  const directory = workshop.directory();
  const archive = execFileSync('git', ['archive', ref], { cwd: ROOT, maxBuffer: 1 << 30 });
  execFileSync('tar', ['-x', '-C', directory], { input: archive });
  const lock = 'package-lock.json';
  const sameModules = readFileSync(join(directory, lock), 'utf8') === readFileSync(join(ROOT, lock), 'utf8');
  // Copied, since the build looks up where a bundled package lies, and follows links.
  if (sameModules) cpSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'), { recursive: true });
  else execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: directory, stdio: 'ignore' });
  execFileSync('node', ['esbuild.config.mjs'], { cwd: directory });
  // Beside the library that they are to use: a package finds itself by its own name.
  const copied = join(directory, '.programs');
  cpSync(programs, copied, { recursive: true });
  const cli = join(directory, 'dist/cli.js');
  if (!existsSync(cli)) throw new Error(`${ref} was not built`);
  return { suffix: ` (at ${ref})`, cli, programs: copied };
}
