// Bundles the command, the engine's worker and the library into dist/, so that the installed program is plain
// JavaScript that starts from any working directory and never looks for a tsconfig.
import { chmod, readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { inkCaches, REQUIRE_BANNER } from './esbuild.plugins.mjs';

const { version } = JSON.parse(await readFile(new URL('./package.json', import.meta.url), 'utf8'));

await rm(new URL('./dist', import.meta.url), { recursive: true, force: true });
await build({
  absWorkingDir: new URL('.', import.meta.url).pathname,
  entryPoints: {
    cli: 'source/cli.ts',
    'engine-worker': 'source/engine-worker.ts',
    index: 'source/index.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  jsx: 'automatic',
  define: {
    'process.env.NODE_ENV': '"production"',
    __AIOC_VERSION__: JSON.stringify(version),
    // The layout library of Ink only asks whether there is one, and Node loads its HTTP client to answer.
    fetch: 'undefined',
  },
  // Ink loads its development tools only when DEV=true; they are never shipped.
  external: ['react-devtools-core'],
  banner: { js: REQUIRE_BANNER },
  plugins: [inkCaches],
  logLevel: 'warning',
});
await chmod(new URL('./dist/cli.js', import.meta.url), 0o755);
