import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BATCH_KEYS } from '../../../engine/protocol/batch-keys.ts';
import { parseJsonObject } from '../../../engine/protocol/header.ts';
import { isPlainHeader, keyTable } from '../../../engine/protocol/plain-header.ts';

const isPlain = (text: string): boolean => {
  const bytes = Buffer.from(`..${text}..`);
  return isPlainHeader(bytes, 2, bytes.length - 2);
};

test('a plain header is always one that parses, without a key that means something', () => {
  const key = fc.oneof(
    fc.constantFrom(...BATCH_KEYS, 'with_file', 'response_id', '__proto__', 'tag'),
    fc.string(),
  );
  const value = fc.jsonValue({ maxDepth: 1 });
  const written = fc.dictionary(key, value, { maxKeys: 3 }).map((header) => JSON.stringify(header));
  // Every mistake that one changed character makes, too.
  const changed = fc
    .tuple(written, fc.nat(), fc.constantFrom('"', ',', ':', '{', '}', '0', '-', '.', ' ', 'e', '\\', '\n'))
    .map(([text, place, letter]) => {
      const at = place % text.length;
      return text.slice(0, at) + letter + text.slice(at + 1);
    });
  fc.assert(
    fc.property(fc.oneof(written, changed), (text) => {
      if (!isPlain(text)) return;
      const header = parseJsonObject(Buffer.from(text));
      const meaningful = [...BATCH_KEYS, 'with_file', 'response_id'].filter(
        (one) => header[one] !== undefined,
      );
      assert.deepEqual(meaningful, []);
    }),
    { numRuns: 3_000 },
  );
});

test('the usual headers of programs are plain', () => {
  for (const text of [
    '{}',
    '{"tag": "a"}',
    '{"tag": "station-1:x", "n": 12, "x": -0.5, "ok": true, "no": false, "none": null}',
    '{"request_id": 123456}',
  ])
    assert.equal(isPlain(text), true, text);
});

test('with other keys, a header is not plain if it has one of those', () => {
  const keys = keyTable(['request_id']);
  const isPlainTo = (text: string): boolean => isPlainHeader(Buffer.from(text), 0, text.length, keys);
  assert.equal(isPlainTo('{"tag": "a", "request_id": 1}'), false);
  assert.equal(isPlainTo('{"response_id": 1}'), true);
});

test('what connectors must look at is not plain', () => {
  for (const text of [
    '{"source_id": "x"}',
    '{"response_id": 1}',
    '{"with_file": {}}',
    '{"tag": "\\u0041"}',
    '{"tag": "é"}',
    '{"n": 12345678901234567890}',
    '{"n": 01}',
    '{"n": 1.}',
    '{"n": }',
    '{"a": 1,}',
    '{"a": 1 "b": 2}',
    '{"a": nul}',
    '{"a"',
    '',
  ])
    assert.equal(isPlain(text), false, text);
});
