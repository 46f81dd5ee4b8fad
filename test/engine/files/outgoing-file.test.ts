import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { type OutgoingFile, openOutgoing } from '../../../engine/files/outgoing-file.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const CHUNK = LIMITS.fileChunkBytes;

function fileOf(context: TestContext, bytes: Buffer): string {
  const path = join(tempDir(context), 'data.bin');
  writeFileSync(path, bytes);
  // A time in whole seconds, which can be set again.
  utimesSync(path, 1_000_000, 1_000_000);
  return path;
}

/** Reads all, doing something after the first chunk; gives what came before it ended or failed. */
async function drain(file: OutgoingFile, got: Buffer[], afterFirst: () => void = () => {}): Promise<void> {
  try {
    for await (const chunk of file.chunks()) {
      got.push(chunk);
      if (got.length === 1) afterFirst();
    }
  } finally {
    await file.close();
  }
}

test('a file is read in chunks of the stated size, exactly', async (context) => {
  for (const size of [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1]) {
    const bytes = randomBytes(size);
    const file = await openOutgoing(fileOf(context, bytes));
    const got: Buffer[] = [];
    assert.equal(file.name, 'data.bin');
    assert.equal(file.sizeBytes, size);
    await drain(file, got);
    assert.ok(Buffer.concat(got).equals(bytes));
    assert.ok(got.slice(0, -1).every((chunk) => chunk.length === CHUNK));
  }
});

test('a file that shrinks fails before its announced size', async (context) => {
  const path = fileOf(context, randomBytes(3 * CHUNK));
  const got: Buffer[] = [];
  const reading = drain(await openOutgoing(path), got, () => truncateSync(path, CHUNK + 5));
  await rejectsWith(reading, 'AIOC_FILE_CHANGED', /data\.bin" changed while/);
  assert.ok(Buffer.concat(got).length < 3 * CHUNK);
});

test('a file that grows or is rewritten says so before its last chunk, so that nobody gets all of it', async (context) => {
  const changes: ((path: string) => void)[] = [
    (path) => appendFileSync(path, 'more'),
    (path) => {
      const { atime, mtime } = statSync(path);
      appendFileSync(path, 'more');
      utimesSync(path, atime, mtime);
    },
    (path) => utimesSync(path, 1, 1),
  ];
  for (const change of changes) {
    const path = fileOf(context, randomBytes(2 * CHUNK));
    const got: Buffer[] = [];
    const reading = drain(await openOutgoing(path), got, () => change(path));
    await rejectsWith(reading, 'AIOC_FILE_CHANGED', /Send it again/);
    assert.equal(Buffer.concat(got).length, CHUNK);
  }
});

test('what cannot be sent is told apart: missing, unreadable, directory, pipe, device', async (context) => {
  const root = tempDir(context);
  const at = (name: string): string => join(root, name);
  await rejectsWith(openOutgoing(at('none')), 'AIOC_FILE_MISSING', /none"\. Check the name/);
  await rejectsWith(openOutgoing(root), 'AIOC_FILE_UNREADABLE', /a directory/);
  await rejectsWith(openOutgoing('/dev/null'), 'AIOC_FILE_UNREADABLE', /device/);
  execFileSync('mkfifo', [at('pipe')]);
  await rejectsWith(openOutgoing(at('pipe')), 'AIOC_FILE_UNREADABLE', /pipe/);
  writeFileSync(at('secret'), '');
  chmodSync(at('secret'), 0);
  await asNobody(root, () => rejectsWith(openOutgoing(at('secret')), 'AIOC_FILE_UNREADABLE', /may not read/));
  await rejectsWith(openOutgoing('a\0b'), 'AIOC_FILE_UNREADABLE', /a\\u0000b/);
  symlinkSync(at('loop'), at('loop'));
  await rejectsWith(openOutgoing(at('loop')), 'AIOC_FILE_UNREADABLE', /link/);
});
