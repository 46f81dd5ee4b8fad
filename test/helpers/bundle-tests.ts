import { mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { inkCaches, noDevelopmentTools, REQUIRE_BANNER } from '../../esbuild.plugins.mjs';

const ROOT = join(import.meta.dirname, '../..');
/** The library as it was built, what cannot be bundled, and what needs more time to be bundled than to be loaded. */
const EXTERNAL = ['aioc', '@lydell/node-pty', 'esbuild', 'fast-check', 'typescript'];

/** Where a module lies is what its source says, not where the bundle is. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const places = { dirname: dirname(path), filename: path, url: pathToFileURL(path).href };
      const contents = readFileSync(path, 'utf8').replace(
        /\bimport\.meta\.(dirname|filename|url)\b/g,
        (_, place: keyof typeof places) => JSON.stringify(places[place]),
      );
      return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
};

/**
 * Makes plain JavaScript of test files, and of programs that they start, with all that they import of this project: each starts in its own process, and
 * compiling the same modules anew in each took a fifth of the whole run.
 *
 * @returns the directory of the bundles, for the caller to remove
 */
export async function bundleTests(files: readonly string[]): Promise<string> {
  // Inside the checkout, so that packages are found.
  const directory = mkdtempSync(join(ROOT, '.tests-'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...files],
    outbase: ROOT,
    outdir: directory,
    bundle: true,
    splitting: true,
    inject: ['./test/helpers/no-tracking.ts'],
    external: EXTERNAL,
    banner: { js: REQUIRE_BANNER },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    jsx: 'automatic',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
    plugins: [ownPlaces, inkCaches, noDevelopmentTools],
  });
  return directory;
}
