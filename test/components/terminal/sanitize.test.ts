import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { safe, sanitize, sanitizeLines } from '../../../components/terminal/sanitize.ts';
import { graphemes, textWidth } from '../../../components/terminal/width.ts';
import { runs } from '../../helpers/runs.ts';

const BAD = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

test('printable text of any script comes out as it went in', () => {
  for (const text of [
    'plain ASCII ~',
    'grüße',
    '日本語テキスト',
    'שלום',
    'नमस्ते',
    '👍 👍🏽 🇩🇪 ✓ ●',
    'e\u0301',
    '',
  ])
    assert.equal(sanitize(text), text);
});

test('what could steer the terminal becomes visible', () => {
  assert.equal(sanitize('\x1b]52;c;aGk=\x07'), '\\x1b]52;c;aGk=\\x07');
  assert.equal(sanitize('a\nb\tc\rd\x7f\u009b31m'), 'a\\x0ab\\x09c\\x0dd\\x7f\\x9b31m');
  assert.equal(sanitize('\u202egpj.exe\u2066\u200e'), '·gpj.exe··');
  assert.equal(sanitize('a\u200bb\u200dc\ufe0fd\u2028e\u00adf\u3164g\ufeff'), 'a·b·c·d·e·f·g·');
  assert.equal(sanitize('\ud800x\udfff'), '·x·');
  assert.equal(sanitize('\u{e0041}\u{e007f}'), '··');
});

test('the selector that makes a picture of a pictograph is dropped, anywhere else it becomes visible', () => {
  assert.equal(sanitize('I \u2764\ufe0f you \u2601\ufe0f'), 'I \u2764 you \u2601');
  assert.equal(sanitize('\u2764\ufe0f\ufe0f a\ufe0f \ufe0f'), '\u2764· a· ·');
  assert.equal(sanitize('\u{1f441}\ufe0f\u200d\u{1f5e8}\ufe0f'), '\u{1f441}·\u{1f5e8}');
});

test('marks neither join what stands to the left nor pile up without bound', () => {
  assert.equal(sanitize('\u0301a'), '◌\u0301a');
  assert.equal(sanitize('x\u{1f3fd}'), 'x·');
  assert.ok(sanitize(`a${'\u0301'.repeat(100_000)}b`).length < 20);
});

test('lines are split at every kind of line end, and tabs go to stops of eight', () => {
  assert.deepEqual(sanitizeLines('a\r\nb\nc\rd'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(sanitizeLines('a\tb\n日本\tc\n\td'), ['a       b', '日本    c', '        d']);
  assert.deepEqual(sanitizeLines('\x1b[2Jx'), ['\\x1b[2Jx']);
});

test('our own words are joined with safe parts', () => {
  assert.equal(safe`peer ${sanitize('a\x1b')} has ${3}`, 'peer a\\x1b has 3');
});

test('no control, invisible or half character ever comes out', () => {
  const nasty = fc.constantFrom(
    '\x1b',
    '\x9b',
    '\n',
    '\t',
    '\u202e',
    '\u200d',
    '\ud800',
    '\udc00',
    '\u{e0001}',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc
      .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 8 })
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(
      text,
      (input) => !BAD.test(sanitize(input)) && sanitizeLines(input).every((line) => !BAD.test(line)),
    ),
    { numRuns: runs(10_000) },
  );
});

test('whatever comes out is as wide as its graphemes, each at least one column', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (input) => {
      const parts = graphemes(sanitize(input));
      const widths = parts.map(textWidth);
      return (
        widths.every((width) => width >= 1) &&
        widths.reduce((sum, width) => sum + width, 0) === textWidth(parts.join(''))
      );
    }),
    { numRuns: runs(4_000) },
  );
});

test('megabytes of controls are no trouble', () => {
  assert.equal(sanitize('\x1b'.repeat(2_000_000)).length, 8_000_000);
});
