import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openOutgoing } from '../../engine/files/outgoing-file.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const bytesIn = (directory: string, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), name]);
const LATIN = Buffer.from('caf\xe9.txt', 'latin1');

test('a file whose name is not UTF-8 is found by what can be read of it, and has a readable name', async (t) => {
  const directory = tempDir(t);
  writeFileSync(bytesIn(directory, LATIN), 'coffee');
  const file = await openOutgoing(join(directory, LATIN.toString()));
  assert.equal(file.name, 'caf_.txt');
  assert.equal(file.sizeBytes, 6);
  await file.close();
});

test('of two names that read the same neither is sent, and both are told', async (t) => {
  const directory = tempDir(t);
  writeFileSync(bytesIn(directory, LATIN), 'coffee');
  writeFileSync(bytesIn(directory, Buffer.from('caf\xe8.txt', 'latin1')), 'tea');
  await assert.rejects(openOutgoing(join(directory, LATIN.toString())), {
    code: 'AIOC_FILE_NAME_BAD',
    message: /2 names read the same.*caf\\xe[89]\.txt.*caf\\xe[89]\.txt/,
  });
});
