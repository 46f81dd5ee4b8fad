// What the bundles of the program and of the tests have in common.
import { fileURLToPath } from 'node:url';

const SEGMENTER = fileURLToPath(new URL('./components/terminal/lazy-segmenter.ts', import.meta.url));
const CACHES = fileURLToPath(new URL('./components/terminal/ink-caches.ts', import.meta.url));
/** Those through which Ink measures text. */
const MEASURING = /[\\/]node_modules[\\/](?:ink|slice-ansi|wrap-ansi|cli-truncate|widest-line)[\\/]/;

/** Puts `components/terminal/ink-caches.ts` between Ink and the packages that measure text, and a lazy segmenter under them. */
export const inkCaches = {
  name: 'ink-caches',
  setup({ initialOptions, onResolve }) {
    initialOptions.inject = [...(initialOptions.inject ?? []), SEGMENTER];
    onResolve({ filter: /^(?:string-width|@alcalzone\/ansi-tokenize)$/ }, ({ importer }) =>
      MEASURING.test(importer) ? { path: CACHES } : undefined,
    );
  },
};

/** CommonJS packages inside an ES module bundle still call require(). */
export const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
