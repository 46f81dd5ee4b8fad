import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { differences, sha512 } from './pack.ts';
import { packLibrary } from '../helpers/packed-library.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = [
  ...[
    'source',
    'engine',
    'components',
    'esbuild.third-party.mjs',
    'package.json',
    'package-lock.json',
    'README.md',
    'SECURITY.md',
  ],
  ...['LICENSE', 'esbuild.config.mjs', 'esbuild.plugins.mjs', 'tsconfig.json', 'tsconfig.types.json'],
];
const TOOLS = ['esbuild', '@esbuild', '@types', 'undici-types'];
/** Another time than that of the checkout. */
const LONG_AGO = new Date('2001-02-03T04:05:06Z');

/** A copy of the checkout, with the packages that its build needs. */
function copyCheckout(directory: string): string {
  mkdirSync(join(directory, 'node_modules'), { recursive: true });
  for (const part of SOURCES) {
    cpSync(join(ROOT, part), join(directory, part), { recursive: true });
    utimesSync(join(directory, part), LONG_AGO, LONG_AGO);
  }
  const { components } = JSON.parse(readFileSync(join(ROOT, 'dist/sbom.cdx.json'), 'utf8')) as {
    components: { name: string }[];
  };
  for (const name of [...TOOLS, ...components.map((component) => component.name)]) {
    const [from, to] = [join(ROOT, 'node_modules', name), join(directory, 'node_modules', name)];
    mkdirSync(dirname(to), { recursive: true });
    // Thousands of files: links where the file system can.
    if (spawnSync('cp', ['-Rl', from, to]).status !== 0) execFileSync('cp', ['-R', from, to]);
  }
  return directory;
}

test('two builds in different directories, at different times and places, give the same package', (t) => {
  // The compiler’s types are compared by `npm run release`.
  const first = packLibrary(tempDir(t), { withTypes: false });
  const copy = copyCheckout(join(tempDir(t), 'some where', 'else'));
  const env = { ...process.env, TZ: 'Pacific/Kiritimati', LC_ALL: 'C' };
  execFileSync(process.execPath, ['esbuild.config.mjs'], { cwd: copy, env });
  const second = packLibrary(tempDir(t), { checkout: copy, withTypes: false });
  assert.deepEqual(differences(first, second), []);
  assert.equal(sha512(first), sha512(second));
});

test('packages that differ are told apart, file by file', (t) => {
  const pack = (content: string): string => {
    const directory = tempDir(t);
    mkdirSync(join(directory, 'package'));
    execFileSync(
      'sh',
      ['-c', 'echo "$1" > package/a; echo same > package/b; tar -czf p.tgz package', '-', content],
      {
        cwd: directory,
      },
    );
    return join(directory, 'p.tgz');
  };
  assert.match(
    differences(pack('one'), pack('other')).join(),
    /^package\/a: mode 644 [0-9a-f]{128} and mode 644 [0-9a-f]{128}$/,
  );
});
