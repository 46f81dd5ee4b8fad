// Bundles the command, the engine's worker and the library into dist/, so that the installed program is plain
// JavaScript that starts from any working directory and never looks for a tsconfig.
import { chmod, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { besideTheCommand, inkCaches, noDevelopmentTools, REQUIRE_BANNER } from './esbuild.plugins.mjs';
import { writeThirdParty } from './esbuild.third-party.mjs';

const { version } = JSON.parse(await readFile(new URL('./package.json', import.meta.url), 'utf8'));

await rm(new URL('./dist', import.meta.url), { recursive: true, force: true });
const root = fileURLToPath(new URL('.', import.meta.url));
const common = {
  absWorkingDir: root,
  metafile: true,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  define: {
    'process.env.NODE_ENV': '"production"',
    __AIOC_VERSION__: JSON.stringify(version),
    // The layout library of Ink only asks whether there is one, and Node loads its HTTP client to answer.
    fetch: 'undefined',
  },
  logLevel: 'warning',
};
// One file, which starts at once.
const command = await build({
  ...common,
  entryPoints: { cli: 'source/cli.ts' },
  plugins: [besideTheCommand],
});
const others = await build({
  ...common,
  entryPoints: {
    'engine-worker': 'source/engine-worker.ts',
    index: 'source/index.ts',
    'run-command': 'source/run-command.ts',
  },
  splitting: true,
  jsx: 'automatic',
  banner: { js: REQUIRE_BANNER },
  plugins: [inkCaches, noDevelopmentTools],
});
await chmod(new URL('./dist/cli.js', import.meta.url), 0o755);
writeThirdParty({ ...command.metafile.outputs, ...others.metafile.outputs }, root);
