import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sanitize } from '../../../components/terminal/sanitize.ts';
import {
  clip,
  clipStart,
  graphemes,
  padEnd,
  padStart,
  textWidth,
  wrap,
} from '../../../components/terminal/width.ts';
import { runs } from '../../helpers/runs.ts';

const anyText = fc
  .array(fc.constantFrom('a', 'word', ' ', '  ', '日', '👍🏽', 'e\u0301', '🇩🇪', 'longlonglong', '-'), {
    maxLength: 30,
  })
  .map((parts) => sanitize(parts.join('')));

test('width counts columns, not characters', () => {
  assert.equal(textWidth('abc'), 3);
  assert.equal(textWidth('日本'), 4);
  assert.equal(textWidth('e\u0301👍🏽'), 3);
});

test('clip keeps the beginning, clipStart the end', () => {
  assert.equal(clip('abcdef', 6), 'abcdef');
  assert.equal(clip('abcdef', 5), 'abcd…');
  assert.equal(clip('日本語', 4), '日…');
  assert.equal(clip('abc', 1), '…');
  assert.equal(clip('abc', 0), '');
  assert.equal(clip('abc', 2, '...'), '');
  assert.equal(clipStart('abcdef', 5), '…cdef');
  assert.equal(clipStart('日本語', 4), '…語');
  assert.equal(clipStart('abc', 3), 'abc');
  assert.equal(clipStart('x'.repeat(200_000), 3), '…xx');
});

test('padding fills to the width on either side', () => {
  assert.equal(padEnd('日', 4), '日  ');
  assert.equal(padStart('12', 4), '  12');
  assert.equal(padEnd('abcd', 2), 'abcd');
});

test('wrap breaks at spaces, and inside a word only when it is longer than a line', () => {
  assert.deepEqual(wrap(sanitize('the quick brown fox'), 10), ['the quick', 'brown fox']);
  assert.deepEqual(wrap(sanitize('a longlonglong b'), 6), ['a long', 'longlo', 'ng b']);
  assert.deepEqual(wrap(sanitize('日本語'), 4), ['日本', '語']);
  assert.deepEqual(wrap(sanitize('日本'), 1), ['·', '·']);
  assert.deepEqual(wrap(sanitize(''), 5), ['']);
  assert.deepEqual(wrap(sanitize('abc   '), 4), ['abc']);
  assert.deepEqual(wrap(sanitize('abc'), 0), []);
});

test('nothing is ever wider than it may be, and wrapping loses only spaces', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 20 }), (text, width) => {
      assert.ok(textWidth(clip(text, width)) <= width);
      assert.ok(textWidth(clipStart(text, width)) <= width);
      const lines = wrap(text, width);
      for (const line of lines) assert.ok(textWidth(line) <= width);
      assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
      assert.equal(graphemes(text).join(''), text);
      if (textWidth(text) <= width) assert.equal(clip(text, width), text);
    }),
    { numRuns: runs(1_500) },
  );
});

test('a long text is cut into the same graphemes as a short one, in linear time', () => {
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const unit = fc.constantFrom('a', '日', 'e\u0301', '👍🏽', '👨‍👩‍👧', '🇩', '🇩🇪', '\u0301', 'न्');
  fc.assert(
    fc.property(fc.array(unit, { minLength: 600, maxLength: 1500, size: 'max' }), (parts) => {
      const text = parts.join('');
      assert.deepEqual(
        graphemes(text),
        Array.from(segmenter.segment(text), ({ segment }) => segment),
      );
    }),
    { numRuns: 10 },
  );
  assert.equal(graphemes(`a${'\u0301'.repeat(100_000)}b`).length, 2);
  const megabyte = '日'.repeat(200_000);
  assert.equal(textWidth(megabyte), 400_000);
  assert.equal(graphemes(megabyte).length, 200_000);
  assert.equal(clip(megabyte, 5), '日日…');
});
