import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERROR_CODES } from '../engine/index.ts';
import { globSync } from './helpers/glob.ts';
import { readmeTables, sectionOf } from './helpers/readme-tables.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

for (const [name, table] of Object.entries(readmeTables())) {
  test(`the README's table of ${name} is the one in the code (npm run docs writes it)`, () => {
    assert.equal(sectionOf(readme, name), table);
  });
}

test('every picture that the README shows is there', () => {
  const pictures = [...readme.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
  assert.ok(pictures.length > 0);
  assert.deepEqual(
    pictures.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url))),
    [],
  );
});

test('every link within the house leads somewhere', () => {
  const targets = [...readme.matchAll(/(?<!!)\[[^\]]*\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
  const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const dead = targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    if (target.startsWith('#')) return !headings.includes(target.slice(1));
    return !existsSync(new URL(`../${target}`, import.meta.url));
  });
  assert.deepEqual(dead, []);
});

test('every command that the README and CONTRIBUTING name with npm run exists', () => {
  const contributing = readFileSync(new URL('../CONTRIBUTING.md', import.meta.url), 'utf8');
  const named = [...`${readme}${contributing}`.matchAll(/npm run ([\w:-]*\w)/g)].map(
    (match) => match[1] ?? '',
  );
  assert.deepEqual(
    named.filter((name) => manifest.scripts[name] === undefined),
    [],
  );
});

test('each dependency has its reason in the README, and an exact version', () => {
  const packages = { ...manifest.dependencies, ...manifest.devDependencies } as Record<string, string>;
  const table = readme.slice(readme.indexOf('## What it is built from'));
  for (const [name, version] of Object.entries(packages)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    if (!name.startsWith('@types/')) assert.ok(table.includes(name), `${name} has no reason`);
  }
});

test('every error code is used by the program', () => {
  const sources = ['engine', 'source'].flatMap((top) => globSync(top, /\.tsx?$/));
  const texts = sources
    .filter((file) => !file.endsWith('base/errors.ts'))
    .map((file) => readFileSync(file, 'utf8'));
  const unused = Object.keys(ERROR_CODES).filter((code) => !texts.some((text) => text.includes(`'${code}'`)));
  assert.deepEqual(unused, []);
});
