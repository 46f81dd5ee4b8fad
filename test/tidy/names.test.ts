import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { configKeys } from '../../engine/index.ts';
import { type Declaration, declarationsOf } from '../helpers/declared-names.ts';
import { globSync } from '../helpers/glob.ts';

/** Names of a private vocabulary that have given way to the field's: one on each line, with what took its place. */
const OLD_NAMES = new Map(
  readFileSync(new URL('./old-names.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/ +> +/) as [string, string]),
);

const files = ['source', 'engine', 'components'].flatMap((top) => globSync(top, /\.tsx?$/));
const declarations = files.flatMap(declarationsOf);

const described = ({ file, line, name }: Declaration): string =>
  `${file}:${line} ${name}: say ${OLD_NAMES.get(name.replace('#', ''))}`;

test('nothing is declared under a name that has been replaced (old-names.txt says by which)', () => {
  assert.ok(OLD_NAMES.size > 50);
  const old = declarations.filter(({ name }) => OLD_NAMES.has(name.replace('#', '')));
  assert.deepEqual(old.map(described), []);
});

test('no file and no folder has a name that has been replaced', () => {
  const parts = (file: string): string[] => [
    ...file
      .split('/')
      .slice(0, -1)
      .map((folder) => `${folder}/`),
    basename(file).replace(/(\.test)?\.tsx?$/, '.ts'),
  ];
  const all = [...files, ...globSync('test', /\.test\.tsx?$/)];
  const old = all.filter((file) => parts(file).some((part) => OLD_NAMES.has(part)));
  assert.deepEqual(old, []);
});

test('no configuration key has a name that has been replaced', () => {
  assert.deepEqual(
    configKeys().filter(([key]) => OLD_NAMES.has(key)),
    [],
  );
});

/** Each name with the files that declare it, where there are several. */
function declaredTwice(among: readonly Declaration[]): string[] {
  const filesByName = new Map<string, Set<string>>();
  for (const { name, file } of among) {
    const known = filesByName.get(name) ?? new Set<string>();
    filesByName.set(name, known.add(file));
  }
  return [...filesByName]
    .filter(([, where]) => where.size > 1)
    .map(([name, where]) => `${name}: ${[...where].join(', ')}`);
}

test('no two files declare a class, an interface or a type of one name', () => {
  assert.deepEqual(declaredTwice(declarations.filter(({ kind }) => kind === 'type')), []);
});

test('no two files export a function or a constant of one name', () => {
  // The public face wraps what it gives defaults to, under the same name.
  const wrapped = 'engine/index.ts';
  const exported = declarations.filter(
    ({ kind, isExported, file }) => kind !== 'type' && isExported && file !== wrapped,
  );
  assert.deepEqual(declaredTwice(exported), []);
});
