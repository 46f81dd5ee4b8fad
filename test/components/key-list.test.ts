import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BINDINGS } from '../../components/keys/bindings/index.ts';
import { keysMarkdown } from '../../components/keys/key-list.ts';

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
