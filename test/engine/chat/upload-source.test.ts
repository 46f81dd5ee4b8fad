import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { UploadSource } from '../../../engine/chat/upload-source.ts';
import { unzipSafely } from '../../../engine/files/unzip.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const random = realRandomness();

async function found(t: TestContext, make: (path: string) => void) {
  const home = tempDir(t);
  const path = join(home, 'site');
  make(path);
  const temporaryDirectory = join(home, 'outgoing');
  const { signal } = new AbortController();
  const source = await UploadSource.find({
    ...{ path, random, temporaryDirectory, signal },
    onPacking: () => undefined,
  });
  return { home, temporaryDirectory, source };
}

function makeSite(path: string): void {
  mkdirSync(path);
  writeFileSync(join(path, 'page.html'), '<p>');
  symlinkSync('/etc/passwd', join(path, 'secrets'));
}

test('a peer that takes no transfers receives a directory as a zip, under the name of a zip', async (t) => {
  const { home, temporaryDirectory, source } = await found(t, makeSite);
  assert.equal(source.name, 'site');
  const file = await source.frame();
  assert.equal(file.packed?.name, 'site.zip');
  assert.equal(file.packed?.data?.toString(), 'Receiving site.zip');
  assert.equal(source.name, 'site.zip');
  const chunks: Buffer[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  await file.close();
  writeFileSync(join(home, 'got.zip'), Buffer.concat(chunks));
  const { directory } = await unzipSafely({ archive: join(home, 'got.zip'), intoDirectory: home, random });
  assert.equal(readFileSync(join(directory, 'page.html'), 'utf8'), '<p>');
  assert.equal(source.leftOut.count, 1);
  await source.remove();
  assert.deepEqual(readdirSync(temporaryDirectory), []);
});

test('a directory that was packed for a peer of unknown kind goes as that zip to any peer', async (t) => {
  const { source } = await found(t, makeSite);
  await source.pack();
  const transfer = await source.transfer();
  assert.equal(transfer.kind, 'file');
  assert.equal(source.name, 'site.zip');
  await transfer.close();
  await source.remove();
});

test('a file that fits into no frame is refused before anything of it is sent', async (t) => {
  const { source } = await found(t, (path) => {
    writeFileSync(path, '');
    truncateSync(path, 5 * 1024 ** 3);
  });
  await rejectsWith(source.frame(), 'AIOC_FRAME_TOO_LARGE', /split it/);
  const transfer = await source.transfer();
  assert.equal(transfer.sizeBytes, 5 * 1024 ** 3, 'as a transfer it goes');
  await transfer.close();
});
