import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BINDINGS } from '../../components/keys/bindings.ts';
import { keysMarkdown } from '../../components/keys/key-list.ts';

test('the README has the table of keys as it is in the code, between its markers', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const found = /<!-- keys -->\n([\s\S]*?)\n<!-- \/keys -->/.exec(readme);
  assert.ok(found !== null, 'README.md has no <!-- keys --> and <!-- /keys -->');
  assert.equal(found[1]?.trim(), keysMarkdown());
});

test('the table has a row for each key, with as many cells as its head', () => {
  const [head = '', , ...rows] = keysMarkdown().split('\n');
  assert.ok(rows.length > BINDINGS.length);
  for (const row of rows) assert.equal(row.split(/(?<!\\)\|/).length, head.split('|').length, row);
});

test('no key of a place has two bindings that are never told apart', () => {
  const seen = new Map<string, number>();
  for (const { keys, places, applies } of BINDINGS)
    for (const key of keys)
      for (const place of places)
        if (applies === undefined) seen.set(`${place} ${key}`, (seen.get(`${place} ${key}`) ?? 0) + 1);
  assert.deepEqual(
    [...seen].filter(([, count]) => count > 1),
    [],
  );
});
