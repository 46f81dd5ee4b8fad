import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonTree } from '../../../components/widgets/json-tree.ts';

const shown = (text: string): readonly string[] | undefined =>
  jsonTree(text)?.map((line) => line.map((part) => part.text).join(''));

test('JSON has one value a line, and what is empty stays on its line', () => {
  assert.deepEqual(shown('{"a":1,"b":[true,{}],"c":[]}'), [
    '{',
    '  "a": 1,',
    '  "b": [',
    '    true,',
    '    {}',
    '  ],',
    '  "c": []',
    '}',
  ]);
});

test('numbers and strings stay as they were written', () => {
  const text = '[12345678901234567890, 1.10, 1E400, "a \\" {,} \\u00e9"]';
  assert.deepEqual(shown(text), [
    '[',
    ...text
      .slice(1, -1)
      .replaceAll(/, (?=[1"])/g, ',\n')
      .split('\n')
      .map((value) => `  ${value}`),
    ']',
  ]);
});

test('a value alone is a line, and what is no JSON is no tree', () => {
  assert.deepEqual(shown('7'), ['7']);
  for (const text of ['', 'please ship', '{"a": 1', '{"a": 1} x']) assert.equal(shown(text), undefined);
});

test('the tree of any JSON reads as the same value', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const lines = shown(text) as readonly string[];
      // Texts that cannot be drawn are shown in another way.
      if (/^[\x20-\x7e]*$/.test(text)) assert.deepEqual(JSON.parse(lines.join('\n')), JSON.parse(text));
    }),
  );
});
