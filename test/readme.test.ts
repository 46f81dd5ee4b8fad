import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERROR_CODES } from '../engine/index.ts';
import { globSync } from './helpers/glob.ts';
import { pageTables, pageText, sectionOf } from './helpers/page-tables.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

for (const [page, tables] of Object.entries(pageTables())) {
  for (const [name, table] of Object.entries(tables)) {
    test(`the table “${name}” in ${page} is the one in the code (npm run docs writes it)`, () => {
      assert.equal(sectionOf(pageText(page), name), table);
    });
  }
}

test('each dependency has its reason in CONTRIBUTING, and an exact version', () => {
  const packages = { ...manifest.dependencies, ...manifest.devDependencies } as Record<string, string>;
  const contributing = pageText('CONTRIBUTING.md');
  const table = contributing.slice(contributing.indexOf('## Dependencies'));
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
