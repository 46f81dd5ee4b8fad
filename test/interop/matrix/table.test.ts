import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applies, MODES, PAIRINGS, type Result, ROWS } from './cells.ts';
import { matrixOf } from './table.ts';

const all: readonly Result[] = PAIRINGS.flatMap((pairing) =>
  MODES.flatMap((mode) =>
    ROWS.filter((row) => applies(row, mode)).map((row) => ({
      ...{ pairing, mode, row },
      ...{ green: true, stalls: 0, seconds: 1 },
    })),
  ),
);

test('the matrix is green when every cell is', () => {
  const { text, green } = matrixOf(all);
  assert.ok(green);
  assert.match(text, /^270 green, 0 red, 0 missing, 0 skipped$/m);
  assert.match(text, /^certificate re-issue +– {3}– {3}✓ {3}✓ {5}– {3}– {3}✓ {3}✓ {5}– {3}– {3}✓ {3}✓$/m);
});

test('a red cell and a missing one are seen, and make it red', () => {
  const red = matrixOf(all.map((cell, index) => (index === 5 ? { ...cell, green: false, stalls: 1 } : cell)));
  assert.ok(!red.green);
  assert.match(red.text, /^1,000 bytes, each way +✗/m);
  assert.match(red.text, /^269 green, 1 red/m);
  assert.match(red.text, /tried once more: 1$/m);
  const missing = matrixOf(all.slice(1));
  assert.ok(!missing.green);
  assert.match(missing.text, /^1,000 sent up +\?/m);
});

test('what is skipped is told with its reason, and the rest counts', () => {
  const rest = all.filter(({ pairing }) => pairing === 'aioc + aioc');
  const skipped = PAIRINGS.filter((pairing) => pairing !== 'aioc + aioc').map((pairing) => ({
    pairing,
    skipped: 'no way to get it',
  }));
  const { text, green } = matrixOf([...rest, ...skipped]);
  assert.ok(green);
  assert.match(text, /^skipped: aioc \+ Python: no way to get it$/m);
  assert.match(text, /^90 green, 0 red, 0 missing, 180 skipped$/m);
});
