import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprintOf, fingerprintWords } from '../../../engine/security/fingerprint.ts';
import { WORDS } from '../../../engine/security/fingerprint-words.ts';

function edits(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced);
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

test('there are 256 short words that differ in their first four letters and by three edits or more', () => {
  assert.equal(WORDS.length, 256);
  for (const word of WORDS) assert.match(word, /^[a-z]{3,7}$/);
  assert.equal(new Set(WORDS.map((word) => word.slice(0, 4))).size, 256);
  const near = WORDS.flatMap((left, at) =>
    WORDS.slice(at + 1)
      .filter((right) => edits(left, right) < 3)
      .map((right) => `${left} ${right}`),
  );
  assert.deepEqual(near, []);
});

test('a fingerprint is the SHA-256 of the bytes, and its words are its first 64 bits', () => {
  const fingerprint = fingerprintOf(Buffer.from('abc'));
  assert.equal(fingerprint, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  const expected = [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea].map((byte) => WORDS[byte]).join('-');
  assert.equal(fingerprintWords(fingerprint), expected);
});

test('words tell the first 64 bits apart, all of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(63), (bytes, bit) => {
      const hex = Buffer.from(bytes).toString('hex');
      const words = fingerprintWords(hex);
      assert.match(words, /^[a-z]{3,7}(-[a-z]{3,7}){7}$/);
      const other = Buffer.from(bytes);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(fingerprintWords(other.toString('hex')), words);
    }),
  );
});

test('half a fingerprint gets no words', () => {
  assert.throws(() => fingerprintWords('ba7816bf'), RangeError);
  assert.throws(() => fingerprintWords('BA7816BF'.repeat(8)), RangeError);
});
