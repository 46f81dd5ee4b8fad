import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rewriteDurably } from '../../../engine/base/atomic-file.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const louder = (text: string): string => text.toUpperCase();

test('a file is rewritten behind its links, with its mode, and nothing is left beside it', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'file');
  writeFileSync(file, 'text');
  chmodSync(file, 0o642);
  symlinkSync('file', join(directory, 'one'));
  symlinkSync(join(directory, 'one'), join(directory, 'two'));
  await rewriteDurably(join(directory, 'two'), louder);
  assert.equal(readFileSync(file, 'utf8'), 'TEXT');
  assert.equal(statSync(file).mode & 0o777, 0o642);
  assert.ok(lstatSync(join(directory, 'two')).isSymbolicLink());
  assert.deepEqual(readdirSync(directory).sort(), ['file', 'one', 'two']);
});

test('a text that stays the same is not written', async (t) => {
  const file = join(tempDir(t), 'file');
  writeFileSync(file, 'TEXT');
  const { ino, mtimeMs } = statSync(file);
  await rewriteDurably(file, louder);
  assert.deepEqual([statSync(file).ino, statSync(file).mtimeMs], [ino, mtimeMs]);
});

test('all names of a file that has several see what is written', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'file');
  writeFileSync(file, 'text');
  linkSync(file, join(directory, 'other'));
  await rewriteDurably(file, (text) => `${text} and more`);
  assert.equal(readFileSync(join(directory, 'other'), 'utf8'), 'text and more');
  await rewriteDurably(file, () => 'less');
  assert.equal(readFileSync(join(directory, 'other'), 'utf8'), 'less');
});

test('a file that may not be written is not, though its directory may', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'file');
  writeFileSync(file, 'text', { mode: 0o444 });
  chmodSync(directory, 0o777);
  await asNobody(directory, () => assert.rejects(rewriteDurably(file, louder), { code: 'EACCES' }));
  assert.equal(readFileSync(file, 'utf8'), 'text');
  assert.deepEqual(readdirSync(directory), ['file']);
});
