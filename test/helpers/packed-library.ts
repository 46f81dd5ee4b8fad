import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from './built-program.ts';

const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/**
 * Packs the built package with its types, as `npm pack` after `prepack` does, but beside the checkout, under which other
 * tests run.
 *
 * @param folder an existing directory, in which a copy of the package is made
 * @returns the path of the packed file
 */
export function packLibrary(folder: string): string {
  builtProgram();
  const copy = join(folder, 'copy');
  mkdirSync(copy);
  for (const part of ['package.json', 'README.md', 'SECURITY.md', 'LICENSE', 'dist']) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  }
  // `npm run types` is what checks the sources.
  const types = ['--noCheck', '-p', 'tsconfig.types.json', '--outDir', join(copy, 'dist/types')];
  execFileSync(process.execPath, [TSC, ...types], { cwd: ROOT });
  const options = ['--ignore-scripts', '--json', '--pack-destination', folder];
  const packed = execFileSync('npm', ['pack', ...options], { cwd: copy, encoding: 'utf8' });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  return join(folder, filename);
}

/**
 * Unpacks a packed file as npm would install it into `folder`: it has no dependencies. The types of Node, which a TypeScript
 * program has of its own, are this checkout's.
 */
export function unpackLibrary(packed: string, folder: string): void {
  const place = join(folder, 'node_modules/aioc');
  mkdirSync(place, { recursive: true });
  execFileSync('tar', ['-xzf', packed, '-C', place, '--strip-components=1']);
  const types = join(folder, 'node_modules/@types');
  mkdirSync(types);
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(types, 'node'));
}

/** Checks a program in `folder` as its author would, all checks on; what the compiler says is the error's. */
export function typeCheck(folder: string, files: readonly string[]): void {
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  execFileSync(process.execPath, [TSC, ...options, '--exactOptionalPropertyTypes', ...files], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}
