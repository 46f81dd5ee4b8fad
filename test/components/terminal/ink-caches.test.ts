import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as real from '@alcalzone/ansi-tokenize';
import fc from 'fast-check';
import realWidth from 'string-width';
import stringWidth, {
  styledCharsFromTokens,
  styledCharsToString,
  tokenize,
} from '../../../components/terminal/ink-caches.ts';

const texts = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '\x1b[31m',
        '\x1b[1m',
        '\x1b[2m',
        '\x1b[22m',
        '\x1b[44m',
        '\x1b[39m',
        '\x1b[2K',
        '\x1b[0m',
        '漢',
        '👩‍💻',
        '│',
        ' ',
      ),
    ),
  )
  .map((parts) => parts.join(''));

test('what is kept is what the packages say, the first time and again, and also after the caches were full', () => {
  fc.assert(
    fc.property(fc.array(texts), (rows) => {
      for (const row of [...rows, ...rows]) {
        assert.equal(stringWidth(row), realWidth(row));
        assert.deepEqual(tokenize(row), real.tokenize(row));
        assert.deepEqual(
          styledCharsFromTokens(tokenize(row)),
          real.styledCharsFromTokens(real.tokenize(row)),
        );
        const chars = styledCharsFromTokens(tokenize(row));
        assert.equal(styledCharsToString(chars), real.styledCharsToString(chars));
        // Ink puts rows together from pieces of others.
        const pieces = [...chars.slice(1), ...chars.slice(0, 3), ...chars];
        assert.equal(styledCharsToString(pieces), real.styledCharsToString(pieces));
      }
    }),
  );
  for (let number = 0; number < 10_000; number += 1)
    assert.equal(stringWidth(`row ${number}`), `row ${number}`.length);
});

test('what is asked with options, or in part, is not taken for the whole', () => {
  assert.equal(stringWidth('±'), 1);
  assert.equal(stringWidth('±', { ambiguousIsNarrow: false }), 2);
  assert.equal(tokenize('abc').length, 3);
  assert.ok(tokenize('abc', 1).length < 3);
});

test('a row that was drawn before is the very same, so that nothing of it is worked out again', () => {
  assert.equal(tokenize('\x1b[1mpeers\x1b[0m'), tokenize('\x1b[1mpeers\x1b[0m'));
});
