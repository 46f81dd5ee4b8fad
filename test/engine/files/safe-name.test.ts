import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AiocError } from '../../../engine/base/errors.ts';
import { numberedName } from '../../../engine/files/free-name.ts';
import { baseNameOf, checkFileName, shownName } from '../../../engine/files/safe-name.ts';

function isRefused(name: string, check: (name: string) => string = checkFileName): boolean {
  try {
    check(name);
    return false;
  } catch (error) {
    assert.ok(error instanceof AiocError);
    assert.equal(error.code, 'AIOC_FILE_NAME_BAD');
    assert.doesNotMatch(error.message, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    assert.ok(error.message.length < 300);
    return true;
  }
}

/** Names made of what attackers use, mixed with anything. */
const hostile = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        '.',
        '..',
        '/',
        '\\',
        '\0',
        '\n',
        '\x1b[2J',
        '\u009b',
        '\u202e',
        '\ud800',
        'a',
        '~',
        '$HOME',
        ' ',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

test('ordinary names of any script pass as they are', () => {
  for (const name of [
    'a',
    'photo.jpg',
    '.bashrc',
    'zoë 漢字 👩‍🚀.tar.gz',
    '...',
    '-rf',
    '$HOME',
    '~',
    'x'.repeat(255),
  ])
    assert.equal(checkFileName(name), name);
});

test('names that lead elsewhere, cannot be shown or are ours are refused', () => {
  const bad = [
    '',
    '.',
    '..',
    'a/b',
    '/',
    'a\\b',
    'a\0',
    'a\nb',
    '\x1b[2J',
    'a\u0085',
    'a\u202eb',
    'a\u2066b',
    '\ud800',
  ];
  for (const name of [...bad, 'x'.repeat(256), 'é'.repeat(128), '.aioc-partial-1', '.AIOC-partial-1'])
    assert.ok(isRefused(name), JSON.stringify(name));
});

test('whatever passes stays in its directory and has nothing in it that a terminal obeys', () => {
  fc.assert(
    fc.property(hostile, (name) => {
      if (isRefused(name)) return;
      assert.equal(resolve(join('/base', name)), `/base/${name}`);
      assert.doesNotMatch(name, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069/\\]/);
      assert.ok(Buffer.byteLength(name) <= 255);
      assert.equal(Buffer.from(name).toString(), name, 'comes back from the disk as it was');
    }),
    { numRuns: 10_000 },
  );
});

test('of a path of a peer the last part is kept, and one that climbs is refused', () => {
  assert.equal(baseNameOf('a.txt'), 'a.txt');
  assert.equal(baseNameOf('some/where/a.txt'), 'a.txt');
  for (const name of [
    '../a',
    'a/../b',
    '/etc/passwd',
    'a/',
    'a//b',
    './a',
    '',
    'a\\..\\b',
    `${'x/'.repeat(2000)}y`,
  ])
    assert.ok(isRefused(name, baseNameOf), name);
  fc.assert(
    fc.property(hostile, (name) => {
      if (!isRefused(name, baseNameOf)) assert.ok(!isRefused(baseNameOf(name)));
    }),
    { numRuns: 10_000 },
  );
});

test('a name in a message is short and showable', () => {
  assert.equal(shownName('a\x1b[2Jb'), '"a\\u001b[2Jb"');
  assert.equal(shownName('x'.repeat(100_000)).length, 83);
});

test('a numbered name keeps its extension and fits', () => {
  assert.equal(numberedName('photo.jpg', 1), 'photo.jpg');
  assert.equal(numberedName('photo.jpg', 2), 'photo (2).jpg');
  assert.equal(numberedName('.bashrc', 3), '.bashrc (3)');
  assert.equal(numberedName(`${'x'.repeat(251)}.jpg`, 2), `${'x'.repeat(247)} (2).jpg`);
  const good = fc
    .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), fc.string({ maxLength: 200 }))
    .map(([stem, extension]) => `${stem}.${extension}`)
    .filter((name) => !isRefused(name));
  fc.assert(
    fc.property(good, fc.integer({ min: 2, max: 10_000 }), (name, number) => {
      const numbered = numberedName(name, number);
      assert.ok(!isRefused(numbered), numbered);
      assert.ok(numbered.includes(` (${number})`));
    }),
  );
});
