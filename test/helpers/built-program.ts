import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { globSync } from './glob.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'dist/cli.js');

let checked = false;

/**
 * The path of the program as it is installed: bundled, plain JavaScript.
 * @throws Error when it has not been built, or a source has changed since: a test of something old proves nothing
 */
export function builtProgram(): string {
  if (checked) return PROGRAM;
  const builtAtMs = statSync(PROGRAM, { throwIfNoEntry: false })?.mtimeMs;
  if (builtAtMs === undefined) throw new Error('dist/cli.js is not there: npm run build first');
  const newer = ['source', 'engine', 'components']
    .flatMap((directory) => globSync(join(ROOT, directory), /\.tsx?$/))
    .find((file) => statSync(file).mtimeMs > builtAtMs);
  if (newer !== undefined)
    throw new Error(`dist/cli.js is older than ${relative(ROOT, newer)}: npm run build first`);
  checked = true;
  return PROGRAM;
}
