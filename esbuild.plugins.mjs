// What the bundles of the program and of the tests have in common.
import { join } from 'node:path';

/** Ink, and the packages through which it measures text. */
const INK = /[\\/]node_modules[\\/](?:ink|slice-ansi|wrap-ansi|cli-truncate|widest-line)[\\/]/;

/** Puts `components/terminal/ink-caches.ts` between Ink and the packages that measure text, and a lazy segmenter under them. */
export const inkCaches = {
  name: 'ink-caches',
  setup({ initialOptions, onResolve }) {
    // Not beside this file: a bundled test that bundles a program has it elsewhere.
    const directory = join(initialOptions.absWorkingDir ?? process.cwd(), 'components/terminal');
    initialOptions.inject = [...(initialOptions.inject ?? []), join(directory, 'lazy-segmenter.ts')];
    onResolve({ filter: /^(?:string-width|@alcalzone\/ansi-tokenize)$/ }, ({ importer }) =>
      INK.test(importer) ? { path: join(directory, 'ink-caches.ts') } : undefined,
    );
  },
};

/**
 * Leaves out the development tools of Ink: with DEV=true in the environment, it would load them from a package that is not
 * installed with aioc, from whatever `node_modules` is above the program.
 */
export const noDevelopmentTools = {
  name: 'no-development-tools',
  setup({ initialOptions, onResolve, onLoad }) {
    initialOptions.define = { ...initialOptions.define, 'process.env.DEV': '"false"' };
    const namespace = 'no-development-tools';
    onResolve({ filter: /^\.\/devtools\.js$/ }, ({ importer }) =>
      INK.test(importer) ? { path: namespace, namespace } : undefined,
    );
    onLoad({ filter: /./, namespace }, () => ({ contents: '' }));
  },
};

/** CommonJS packages inside an ES module bundle still call require(). */
export const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** What a file imports only when it needs it stays a file of its own. */
export const besideTheCommand = {
  name: 'beside-the-command',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: path.replace(/\.ts$/, '.js'), external: true } : undefined,
    );
  },
};
