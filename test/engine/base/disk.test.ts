import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DiskFile, writeWhole } from '../../../engine/base/disk.ts';
import { realDisk } from '../../../engine/base/real-disk.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const PIECES = ['', 'one', '', 'two', 'three', ''].map((text) => Buffer.from(text));
const TEXT = 'onetwothree';

/** A file that accepts at most so many bytes at once. */
function stingy(most: number): { readonly file: DiskFile; readonly written: Buffer } {
  const written = Buffer.alloc(2 + TEXT.length);
  const writev = async (pieces: readonly Buffer[], at: number): Promise<number> => {
    assert.ok(pieces.every(({ length }) => length > 0));
    return Buffer.concat(pieces).subarray(0, most).copy(written, at);
  };
  const file = { writev, write: (bytes: Buffer, at: number) => writev([bytes], at) };
  return { file: file as unknown as DiskFile, written };
}

test('all pieces are written, however little the disk accepts at once', async () => {
  for (let most = 1; most <= TEXT.length; most += 1) {
    const { file, written } = stingy(most);
    await writeWhole(file, PIECES, 2);
    assert.equal(written.toString('latin1', 2), TEXT, `${most} bytes at once`);
  }
});

test('a disk that accepts nothing is an error', async () => {
  await assert.rejects(writeWhole(stingy(0).file, PIECES, 2), { code: 'EIO' });
});

test('the real disk writes pieces one after the other, at an offset', async (t) => {
  const path = join(tempDir(t), 'file');
  const file = await realDisk().open(path, 'create');
  await writeWhole(file, [Buffer.from('before ')], 0);
  assert.equal(await file.writev([Buffer.from('a'), Buffer.from('bc')], 7), 3);
  await writeWhole(file, PIECES, 10);
  await file.close();
  assert.equal(readFileSync(path, 'utf8'), `before abc${TEXT}`);
});
