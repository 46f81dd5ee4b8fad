import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../../engine/base/errors.ts';
import { writeError } from '../../../engine/files/disk-errors.ts';
import { IncomingTransfer } from '../../../engine/transfers/incoming-transfer.ts';
import { offerOf } from '../../helpers/transfer-world.ts';

const PATH = '/home/me/secret/file';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something is wrong, open '${PATH}'`), { code, path: PATH });
}

/** What the sender reads when the target of a transfer cannot be opened for this reason. */
async function readBySender(error: unknown): Promise<string> {
  const failure = await new Promise<AiocError>((resolve) => {
    const transfer = new IncomingTransfer(offerOf('file'), {
      clock: { now: () => 0, wallNow: () => 0, after: () => ({ cancel: () => undefined }) },
      open: () => Promise.reject(error),
      send: () => undefined,
      onProgress: () => undefined,
      failed: (_transfer, reason) => resolve(reason),
      suspended: () => undefined,
    });
    transfer.offered();
  });
  assert.ok(failure.forPeer !== undefined);
  return failure.forPeer;
}

test('an error of the system names no path to the sender of a file, with words of aioc or without', async () => {
  const known = systemError('ENOSPC');
  const unknown = systemError('EIO');
  for (const error of [known, unknown, writeError(PATH, known), writeError(PATH, unknown)]) {
    const read = await readBySender(error);
    assert.ok(!read.includes('secret'), read);
  }
  assert.match(await readBySender(writeError(PATH, known)), /the disk is full/);
});

test('a reason that aioc has itself goes to the sender as it is', async () => {
  const text = 'No directory is configured for the type in.';
  assert.equal(await readBySender(new AiocError('AIOC_FILE_WRITE', text)), text);
});
