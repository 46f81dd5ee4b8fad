import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { LazySegmenter } from '../../../components/terminal/lazy-segmenter.ts';
import { isSimple, isUnitwise, unitwiseWidth } from '../../../components/terminal/simple-text.ts';

/** Node's own: the bundler puts the other in the place of the plain name. */
const Real = globalThis.Intl.Segmenter;
const HIGHEST = 0x10ffff;

const simple = Array.from({ length: HIGHEST + 1 }, (_, code) => String.fromCodePoint(code)).filter(isSimple);

test('what is called simple is as wide as string-width says, each character alone', () => {
  assert.ok(
    simple.length > 500 && ['a', ' ', '…', '─', '│', '▲', '●', '·', 'é'].every((one) => simple.includes(one)),
  );
  for (const character of simple) assert.equal(stringWidth(character), 1, character);
  assert.equal(stringWidth(simple.join('')), simple.length);
  for (const text of ['a\u0301', '©\ufe0f', '日', '\xad', '']) assert.equal(isSimple(text), text === '');
  for (const character of '漢👩\u0301\u200d\u200b\ufe0f\u20e3\x1b\x07\n\u00ad\u2028⌚◽')
    assert.equal(isSimple(character), false, JSON.stringify(character));
});

test('simple characters, beside one another and beside an escape, are graphemes each', () => {
  const segmenter = new Real();
  for (const one of simple) {
    const text = ['a', '─', '✓', '©', 'é', '\x1b'].map((other) => one + other).join('') + one;
    assert.equal([...segmenter.segment(text)].length, text.length, one);
  }
});

test('letters that join nothing are as wide as string-width says, and graphemes each, whatever stands beside them', () => {
  const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(isUnitwise);
  for (const one of 'a…漢한яßΩאك。ア！\ufffd') assert.ok(units.includes(one), one);
  for (const one of '👩\u0301\u0489\u064b\u200d\u3099\u302a\ufe0f\u1100\u0e33\uff9e\u00ad\x1b')
    assert.equal(isUnitwise(one), false, JSON.stringify(one));
  // Of the tens of thousands of Chinese and Korean characters, some.
  const measured = units.filter((one, index) => one < '\u3400' || one > '\ud7a3' || index % 9 === 0);
  for (const one of measured) assert.equal(unitwiseWidth(one), stringWidth(one), one);
  const segmenter = new Real();
  const graphemesOf = (text: string): number => [...segmenter.segment(text)].length;
  const row = 200;
  for (let from = 0; from < units.length; from += row) {
    const text = units.slice(from, from + row).join('');
    assert.equal(graphemesOf(text), text.length, text);
  }
  const some = units.filter((_, index) => index % 397 === 0);
  for (const one of some) {
    const text = some.flatMap((other) => [one, other]).join('');
    assert.equal(graphemesOf(text), text.length, one);
  }
});

const texts = fc
  .array(
    fc.oneof(fc.constantFrom(...simple), fc.constantFrom('\x1b[31m', '\r', '\n', '漢', '👩‍💻', '\u0301')),
  )
  .map((parts) => parts.join(''));

test('the lazy segmenter says what Node’s own says', () => {
  const pairs = [
    [new LazySegmenter(), new Real()],
    [
      new LazySegmenter(undefined, { granularity: 'grapheme' }),
      new Real(undefined, { granularity: 'grapheme' }),
    ],
    [new LazySegmenter('en', { granularity: 'word' }), new Real('en', { granularity: 'word' })],
  ] as const;
  assert.notEqual(LazySegmenter, Real);
  fc.assert(
    fc.property(texts, fc.integer({ min: -2, max: 20 }), (text, index) => {
      for (const [lazy, real] of pairs) {
        assert.deepEqual([...lazy.segment(text)], [...real.segment(text)]);
        assert.deepEqual(
          { ...lazy.segment(text).containing(index) },
          { ...real.segment(text).containing(index) },
        );
      }
    }),
  );
});
