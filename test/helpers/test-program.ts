import { join } from 'node:path';
import { globSync } from './glob.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Tells tests where `test/run.ts` has put plain JavaScript of them and of the programs that they start. */
export const BUNDLES_VARIABLE = 'AIOC_TEST_BUNDLES';

/** The programs that tests start, as paths from the root of the checkout. */
export function testPrograms(): readonly string[] {
  return ['test/examples', 'test/fixtures'].flatMap((directory) => globSync(directory, /\.ts$/));
}

/**
 * The arguments with which Node runs a program of the tests: as plain JavaScript in a run of `test/run.ts`, and otherwise
 * (in a campaign) compiled when it starts, which takes 0.8 s of a processor.
 *
 * @param path from the root of the checkout, one of `testPrograms`
 */
export function testProgram(path: string): readonly string[] {
  const bundles = process.env[BUNDLES_VARIABLE];
  return bundles === undefined
    ? ['--import', import.meta.resolve('tsx'), join(ROOT, path)]
    : [join(bundles, path.replace(/\.ts$/, '.mjs'))];
}
