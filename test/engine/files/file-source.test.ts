import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { openFileSource } from '../../../engine/files/file-source.ts';
import { openSource } from '../../../engine/files/open-source.ts';
import { identityOf } from '../../../engine/files/transfer-source.ts';
import type { TransferSource } from '../../../engine/queues/outgoing-body.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const PIECE = LIMITS.transferPieceBytes;
const BYTES = randomBytes(2 * PIECE + 3);

function fileOf(context: TestContext): string {
  const path = join(tempDir(context), 'data.bin');
  writeFileSync(path, BYTES);
  return path;
}

async function read(source: TransferSource, from: number, afterFirst = (): void => {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of source.read(from)) if (chunks.push(chunk) === 1) afterFirst();
  } finally {
    await source.close();
  }
  return Buffer.concat(chunks);
}

test('a file is read from any byte; its chunks end where pieces do', async (context) => {
  const path = fileOf(context);
  chmodSync(path, 0o4775);
  for (const from of [0, 5, PIECE, BYTES.length]) {
    const source = await openSource(path);
    assert.deepEqual([source.kind, source.name, source.sizeBytes], ['file', 'data.bin', BYTES.length]);
    assert.equal(source.mode, 0o755, 'without setuid and the right of the group to write');
    assert.ok((await read(source, from)).equals(BYTES.subarray(from)));
  }
});

test('a file that changes is not sent as if it had not', async (context) => {
  const changes: Readonly<Record<string, (path: string) => void>> = {
    grows: (path) => appendFileSync(path, 'more'),
    shrinks: (path) => truncateSync(path, PIECE + 1),
    'is written again': (path) => writeFileSync(path, BYTES),
  };
  for (const [what, change] of Object.entries(changes)) {
    const path = fileOf(context);
    const reading = read(await openSource(path), 0, () => change(path));
    await rejectsWith(reading, 'AIOC_FILE_CHANGED', /data.bin" changed before/).catch((error: unknown) => {
      throw new Error(what, { cause: error });
    });
  }
});

test('a file that was replaced since its message was accepted is not sent', async (context) => {
  const path = fileOf(context);
  const identity = identityOf(statSync(path));
  await (await openFileSource(path, { identity })).close();
  writeFileSync(`${path}2`, BYTES);
  renameSync(`${path}2`, path);
  await rejectsWith(openFileSource(path, { identity }), 'AIOC_FILE_CHANGED', /data.bin" changed before/);
});

test('what is no file or is not there is not opened', async (context) => {
  const directory = tempDir(context);
  await rejectsWith(openFileSource(directory), 'AIOC_FILE_UNREADABLE', /it is a directory/);
  await rejectsWith(openSource(join(directory, 'none')), 'AIOC_FILE_MISSING', /There is no/);
});
