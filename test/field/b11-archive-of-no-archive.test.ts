import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { complete, completionRequest } from '../../components/state/completion.ts';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import { DiskSpace } from '../../engine/files/disk-space.ts';
import { importReceived } from '../../engine/files/import-file.ts';
import { ReceivedFolder } from '../../engine/files/received-folder.ts';
import { tempDir } from '../helpers/temp-dir.ts';

test('!zimport of what is no archive, or of half of one, says so in one sentence without the words of a library', async (t) => {
  const directory = tempDir(t);
  const random = realRandomness();
  const folder = new ReceivedFolder({
    ...{ directory, random, clock: realClock(), space: new DiskSpace() },
  });
  for (const [name, bytes] of [
    ['with space.txt', Buffer.from('only text')],
    ['half.zip', Buffer.from('PK\x03\x04and then the connection was lost')],
  ] as const) {
    writeFileSync(join(directory, name), bytes);
    const failure = await importReceived({ folder, name, directory: tempDir(t), unzip: true, random }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    assert.match(failure ?? '', /^It is not a zip archive, or its end is missing\. Nothing was unpacked\.$/);
  }
});

test('Tab after !zimport offers archives only', () => {
  const line = '!zimport ';
  const request = completionRequest(line);
  assert.ok(request !== undefined);
  const received = ['photo.jpg', 'photos.zip', 'site.ZIP', 'zipper'];
  assert.deepEqual(complete(line, request, received).choices, ['photos.zip', 'site.ZIP']);
});
