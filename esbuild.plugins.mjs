// What the bundles of the program and of the tests have in common.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Ink, and the packages through which it measures text. */
const INK = /[\\/]node_modules[\\/](?:ink|slice-ansi|wrap-ansi|cli-truncate|widest-line)[\\/]/;

/**
 * In `string-width`: Node takes 30 ms of a processor to make this pattern, and most programs measure no emoji. Each emoji
 * has a character of the other pattern, which costs little.
 */
const EMOJI = {
  place: /[\\/]node_modules[\\/]string-width[\\/]index\.js$/,
  made: 'rgiEmojiRegex = /^\\p{RGI_Emoji}$/v;',
};
const EMOJI_LATER = `rgiEmojiRegex = { test: text => mayBeEmoji.test(text) && (rgiEmoji ??= /^\\p{RGI_Emoji}$/v).test(text) };
const mayBeEmoji = /[\\p{Emoji_Presentation}\\p{Extended_Pictographic}\\u20e3]/u;
let rgiEmoji;`;

/**
 * Puts `components/terminal/ink-caches.ts` between Ink and the packages that measure text, and a lazy segmenter and a lazy
 * pattern under them.
 */
export const inkCaches = {
  name: 'ink-caches',
  setup({ initialOptions, onResolve, onLoad }) {
    // Not beside this file: a bundled test that bundles a program has it elsewhere.
    const directory = join(initialOptions.absWorkingDir ?? process.cwd(), 'components/terminal');
    initialOptions.inject = [...(initialOptions.inject ?? []), join(directory, 'lazy-segmenter.ts')];
    onResolve({ filter: /^(?:string-width|@alcalzone\/ansi-tokenize)$/ }, ({ importer }) =>
      INK.test(importer) ? { path: join(directory, 'ink-caches.ts') } : undefined,
    );
    onLoad({ filter: EMOJI.place }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!source.includes(EMOJI.made)) throw new Error(`${path} no longer has ${EMOJI.made}`);
      return { contents: source.replace(EMOJI.made, () => EMOJI_LATER) };
    });
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
