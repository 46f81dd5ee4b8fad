import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withJsonValue } from '../../../engine/config/json-edit.ts';

test('one value of a text is replaced, or added in the manner of those before it, and nothing else changes', () => {
  for (const [before, key, value, after] of [
    ['{"a": 1, "b": {"a": 2}}', 'a', true, '{"a": true, "b": {"a": 2}}'],
    ['{"b": {"a": "}"}, "a": [1, {"x": "]"}]}\n', 'a', ['x', 'y'], '{"b": {"a": "}"}, "a": ["x", "y"]}\n'],
    ['\uFEFF{\r\n  "a" : 1e0\r\n}\r\n', 'b', false, '\uFEFF{\r\n  "a" : 1e0,\r\n  "b" : false\r\n}\r\n'],
    ['{}', 'a', [], '{"a": []}'],
    ['{ \n}', 'a', 'x', '{"a": "x" \n}'],
    ['{"a": 1}', 'b', 2, '{"a": 1, "b": 2}'],
    ['{"a":1}', 'b', 2, '{"a":1,"b":2}'],
    ['{"a": 1, "a": 2}', 'a', 3, '{"a": 1, "a": 3}'],
    ['{"\\u0061": 1}', 'a', 3, '{"\\u0061": 3}'],
  ] as const) {
    assert.equal(withJsonValue(before, key, value), after);
  }
});

test('whatever the object and its layout, the value alone is another one afterwards', () => {
  const value = fc.oneof(fc.boolean(), fc.string(), fc.array(fc.string()));
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 1, 4, '\t'),
      fc.string(),
      value,
      (object, indent, key, next) => {
        fc.pre(key !== '__proto__' && !Object.hasOwn(object, '__proto__'));
        const edited = withJsonValue(JSON.stringify(object, undefined, indent), key, next);
        const expected = JSON.parse(JSON.stringify({ ...object, [key]: next }));
        assert.deepEqual(JSON.parse(edited), expected);
      },
    ),
  );
});
