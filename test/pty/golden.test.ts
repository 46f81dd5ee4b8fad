import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { assertGolden, lineDifference, maskWith } from '../helpers/golden.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** A directory that stands for the one of a test, with one golden file. */
function goldenDirectory(t: TestContext, golden: string): { from: string; path: string } {
  const directory = tempDir(t);
  const path = join(directory, 'golden', 'screen.golden');
  mkdirSync(join(directory, 'golden'));
  writeFileSync(path, golden);
  return { from: pathToFileURL(join(directory, 'some.test.ts')).href, path };
}

/** Whether the run itself updates golden files must not matter here. */
function withUpdate(value: string | undefined, action: () => void): void {
  const before = process.env['UPDATE_GOLDEN'];
  setUpdate(value);
  try {
    action();
  } finally {
    setUpdate(before);
  }
}

function setUpdate(value: string | undefined): void {
  if (value === undefined) delete process.env['UPDATE_GOLDEN'];
  else process.env['UPDATE_GOLDEN'] = value;
}

test('the same text passes, whatever blanks its lines end with', (t) => {
  const { from } = goldenDirectory(t, 'one\ntwo\n');
  withUpdate(undefined, () => assertGolden(['one  ', 'two', ''], { from, name: 'screen' }));
});

test('another text fails and shows the lines that differ', (t) => {
  const { from } = goldenDirectory(t, 'one\ntwo\n');
  withUpdate(undefined, () => {
    assert.throws(() => assertGolden('one\nzwei', { from, name: 'screen' }), /- two\n\+ zwei/);
    assert.throws(() => assertGolden('one', { from, name: 'other' }), /other\.golden is not there/);
  });
});

test('UPDATE_GOLDEN=1 writes the file', (t) => {
  const { from, path } = goldenDirectory(t, 'one\n');
  withUpdate('1', () => assertGolden('new  \n', { from, name: 'screen' }));
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('a mask keeps the width of what it hides', (t) => {
  const { from } = goldenDirectory(t, '│ :PORT~ │ in DIR~~~~~ │ PI │\n');
  const masks = [maskWith('PORT', /(?<=:)\d+/), maskWith('DIR', '/tmp/漢x'), maskWith('PID', /\b42\b/)];
  withUpdate(undefined, () => assertGolden('│ :40123 │ in /tmp/漢x │ 42 │', { from, name: 'screen', masks }));
});

test('a difference leaves out what is alike and far away', () => {
  const before = ['1', '2', '3', '4', '5', '6', '7', '8'];
  const after = ['1', '2', '3', '4', '5', '6', '7', 'x', 'y'];
  assert.deepEqual(lineDifference(before, after), ['  …', '  6', '  7', '- 8', '+ x', '+ y']);
});
