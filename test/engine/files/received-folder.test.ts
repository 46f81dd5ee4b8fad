import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import type { FinishedFile } from '../../../engine/files/incoming-file.ts';
import { ReceivedFolder } from '../../../engine/files/received-folder.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const realRandom = realRandomness();

const NOW = Date.UTC(2026, 5, 1);
const clock = { wallNow: () => NOW };

async function prepared(context: TestContext): Promise<ReceivedFolder> {
  const directory = join(tempDir(context), 'in', 'received');
  const folder = new ReceivedFolder({ directory, random: realRandom, clock });
  await folder.prepare();
  return folder;
}

async function receive(folder: ReceivedFolder, name: string, bytes: Buffer): Promise<FinishedFile> {
  const file = await folder.begin(name, bytes.length);
  for (let at = 0; at < bytes.length; at += 100_000) await file.write(bytes.subarray(at, at + 100_000));
  return file.finish();
}

test('a file arrives whole, hidden until it is complete, with its digest', async (context) => {
  const folder = await prepared(context);
  const bytes = randomBytes(250_000);
  const file = await folder.begin('photo.jpg', bytes.length);
  await file.write(bytes.subarray(0, 200_000));
  assert.equal(file.receivedBytes, 200_000);
  assert.deepEqual(await folder.list(), []);
  assert.match(readdirSync(folder.directory).join(), /^\.aioc-partial-[0-9a-f]{24}$/);
  await file.write(bytes.subarray(200_000));
  const path = join(folder.directory, 'photo.jpg');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(await file.finish(), { name: 'photo.jpg', path, sha256 });
  assert.deepEqual(readFileSync(path), bytes);
  assert.deepEqual(readdirSync(folder.directory), ['photo.jpg']);
  assert.equal(statSync(path).mode & 0o7777, 0o644 & ~process.umask());
  assert.equal(statSync(path).nlink, 1);
});

test('taken names become (2) and (3), also at once, and nothing is overwritten or followed', async (context) => {
  const folder = await prepared(context);
  const outside = join(folder.directory, '..', 'outside');
  symlinkSync(outside, join(folder.directory, 'a.txt'));
  const names = await Promise.all(['1', '2', '3'].map((text) => receive(folder, 'a.txt', Buffer.from(text))));
  assert.deepEqual(names.map(({ name }) => name).sort(), ['a (2).txt', 'a (3).txt', 'a (4).txt']);
  const contents = names.map(({ path }) => readFileSync(path, 'utf8'));
  assert.deepEqual(contents, ['1', '2', '3']);
  assert.ok(!existsSync(outside), 'the link was not written through');
});

test('an empty file is a file', async (context) => {
  const folder = await prepared(context);
  const { path } = await receive(folder, 'empty', Buffer.alloc(0));
  assert.equal(statSync(path).size, 0);
});

test('too many bytes, too few, and an abort leave nothing behind', async (context) => {
  const folder = await prepared(context);
  const long = await folder.begin('long', 3);
  await rejectsWith(long.write(Buffer.from('1234')), 'AIOC_FILE_WRITE', /"long" was not stored: more bytes/);
  await rejectsWith(long.finish(), 'AIOC_FILE_WRITE', /more bytes/);
  const short = await folder.begin('short', 3);
  await short.write(Buffer.from('12'));
  await rejectsWith(short.finish(), 'AIOC_FILE_WRITE', /2 of 3 bytes/);
  const aborted = await folder.begin('aborted', 3);
  const writing = aborted.write(Buffer.from('12'));
  await aborted.abort();
  await aborted.abort();
  await writing;
  await rejectsWith(aborted.write(Buffer.from('3')), 'AIOC_CANCELLED', /no longer/);
  assert.deepEqual(readdirSync(folder.directory), []);
});

test('a write before the last one is done is a defect, not a silent disorder', async (context) => {
  const folder = await prepared(context);
  const file = await folder.begin('a', 4);
  const first = file.write(Buffer.from('12'));
  await rejectsWith(file.write(Buffer.from('34')), 'AIOC_INTERNAL', /before/);
  await first;
  await file.write(Buffer.from('34'));
  assert.equal(readFileSync((await file.finish()).path, 'utf8'), '1234');
});

test('bad names and sizes, a full disk and a missing folder are refused before anything is made', async (context) => {
  const folder = await prepared(context);
  await rejectsWith(folder.begin('../evil', 1), 'AIOC_FILE_NAME_BAD', /slash/);
  await rejectsWith(folder.begin('a', Number.NaN), 'AIOC_FILE_WRITE', /NaN/);
  await rejectsWith(
    folder.begin('a', 2 ** 52),
    'AIOC_FILE_WRITE',
    /too full: 4294967296 MiB are needed.*Free/,
  );
  assert.deepEqual(readdirSync(folder.directory), []);
  const gone = new ReceivedFolder({ directory: join(folder.directory, 'none'), random: realRandom, clock });
  await rejectsWith(gone.begin('a', 1), 'AIOC_FILE_WRITE', /does not exist/);
});

test('what other transfers have announced counts against the free disk until they end', async (context) => {
  const folder = await prepared(context);
  const { bavail, bsize } = await import('node:fs').then((fs) => fs.statfsSync(folder.directory));
  const most = Math.floor((bavail * bsize - LIMITS.diskReserveBytes) * 0.6);
  const first = await folder.begin('first', most);
  await rejectsWith(folder.begin('second', most), 'AIOC_FILE_WRITE', /too full/);
  await first.abort();
  const second = await folder.begin('second', most);
  await second.abort();
});

test('a folder that may not be written to is reported', async (context) => {
  const folder = await prepared(context);
  chmodSync(folder.directory, 0o555);
  const root = join(folder.directory, '..', '..');
  await asNobody(root, () => rejectsWith(folder.begin('a', 1), 'AIOC_FILE_WRITE', /may not write/));
  const file = join(folder.directory, '..', 'file');
  writeFileSync(file, '');
  const wrong = new ReceivedFolder({ directory: file, random: realRandom, clock });
  await rejectsWith(wrong.prepare(), 'AIOC_FILE_WRITE', /file where a directory/);
});

test('partial files of another day are removed, younger ones and other files stay', async (context) => {
  const folder = await prepared(context);
  const make = (name: string, ageMs: number): void => {
    const path = join(folder.directory, name);
    writeFileSync(path, '');
    utimesSync(path, (NOW - ageMs) / 1000, (NOW - ageMs) / 1000);
  };
  make('.aioc-partial-old', LIMITS.stalePartialMs + 2000);
  make('.aioc-partial-young', LIMITS.stalePartialMs - 2000);
  make('old.txt', 10 * LIMITS.stalePartialMs);
  mkdirSync(join(folder.directory, '.aioc-partial-directory'));
  await folder.prepare();
  assert.deepEqual(readdirSync(folder.directory).sort(), [
    '.aioc-partial-directory',
    '.aioc-partial-young',
    'old.txt',
  ]);
  assert.deepEqual(await folder.list(), ['old.txt']);
});
