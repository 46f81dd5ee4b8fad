import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from '../helpers/glob.ts';

const PAGE = readFileSync('engine/README.md', 'utf8');
const SECTION = PAGE.slice(PAGE.indexOf('### Types of a message'), PAGE.indexOf('## Rules of construction'));

/** The types of the page's table, each with its file. */
const TYPES = [...SECTION.matchAll(/^\| `(\w+)` \| `([\w./-]+)` \|/gm)].map(([, name = '', file = '']) => ({
  name,
  file: `engine/${file}`,
}));

test('each type of a message that the page names is declared where it says', () => {
  assert.ok(TYPES.length > 0, 'no table');
  const missing = TYPES.filter(
    ({ name, file }) =>
      !new RegExp(`^export (?:interface|class|type) ${name}\\b`, 'm').test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(missing, []);
});

test('what is another form of one of these types is on the page as well', () => {
  const names = TYPES.map(({ name }) => name).join('|');
  const form = new RegExp(
    `^export (?:interface|class) (\\w+)(?:<[^{]*>)? extends [^{]*\\b(?:${names})\\b`,
    'gm',
  );
  const forms = globSync('engine', /\.ts$/).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(form)].map(([, name = '']) => `${file}: ${name}`),
  );
  assert.ok(forms.length > 3, `${forms.length} found`);
  const unnamed = forms.filter((found) => !SECTION.includes(`\`${found.split(': ')[1]}\``));
  assert.deepEqual(unnamed, []);
});
