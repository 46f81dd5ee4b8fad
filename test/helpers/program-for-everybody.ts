import { chmodSync, cpSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { builtProgram } from './built-program.ts';
import { tempDir } from './temp-dir.ts';

/** A user that is not root and owns nothing: the one called nobody on most systems. */
export const NOBODY_ID = 65_534;

/** A copy of the program where every user can read it: the checkout may be in a closed directory. */
export function programForEverybody(t: TestContext): string {
  const directory = tempDir(t);
  const root = dirname(dirname(builtProgram()));
  for (const part of ['dist', 'package.json'])
    cpSync(join(root, part), join(directory, part), { recursive: true });
  chmodSync(directory, 0o755);
  return join(directory, relative(root, builtProgram()));
}
