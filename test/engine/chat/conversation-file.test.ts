import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { realDisk } from '../../../engine/base/real-disk.ts';
import { ConversationFile } from '../../../engine/chat/kept/conversation-file.ts';
import { KeptConversations } from '../../../engine/chat/kept/kept-conversations.ts';
import type { KeptRecord } from '../../../engine/chat/kept/records.ts';
import { SimulatedDisk } from '../../helpers/simulated-disk.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const PATH = '/chat/bb.jsonl';

function line(key: string, text: string): KeptRecord {
  return { kind: 'row', row: { key, atMs: 1, from: 'me', author: 'ann', text } };
}

function onDisk() {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const troubles: (string | undefined)[] = [];
  const file = new ConversationFile({
    ...{ disk: disk.mount(), path: PATH },
    onTrouble: (error) => void troubles.push(error?.message),
  });
  return { disk, file, troubles };
}

test('a torn last line is skipped, and does not tear the next one', async () => {
  const { disk, file } = onDisk();
  file.add(line('a', 'whole'));
  await file.saved();
  disk.put(
    PATH,
    Buffer.concat([disk.file(PATH).read(0, disk.file(PATH).size), Buffer.from('{"key":"b","at_ms":1,"te')]),
  );
  file.add(line('c', 'after'));
  file.add({ kind: 'mark', key: 'a', mark: 'received' });
  await file.saved();
  const { rows } = await file.read();
  assert.deepEqual(
    rows.map(({ text, mark }) => [text, mark]),
    [
      ['whole', 'received'],
      ['after', undefined],
    ],
  );
});

test('a file that has grown keeps its last rows, the name and the last numbers received', async () => {
  const { disk, file } = onDisk();
  file.add({ kind: 'name', name: 'ben' });
  file.add({ kind: 'received', number: { epoch: 'e', seq: 41 } });
  const long = 'x'.repeat(4_000);
  const count = Math.ceil((2 * LIMITS.conversationFileBytes) / long.length);
  for (let at = 0; at < count; at += 1) {
    file.add(line(`k${at}`, `${at} ${long}`));
    if (at % 50 === 0) await file.saved();
  }
  file.add({ kind: 'received', number: { epoch: 'e', seq: 42 } });
  await file.saved();
  assert.ok(disk.file(PATH).read(0, disk.file(PATH).size).length <= LIMITS.conversationFileBytes);
  const { name, rows, received } = await file.read();
  assert.equal(name, 'ben');
  assert.deepEqual(received, [{ epoch: 'e', seq: 42 }]);
  assert.match(rows.at(-1)?.text ?? '', new RegExp(`^${count - 1} x`));
  assert.deepEqual(disk.paths, [PATH]);
});

test('of the numbers received in a moment, only the last one of each epoch is written', async () => {
  const { disk, file } = onDisk();
  for (let seq = 1; seq <= 1_000; seq += 1) {
    file.add({ kind: 'received', number: { epoch: 'e', seq } });
    file.add({ kind: 'received', number: { epoch: 'f', seq: 2 * seq } });
    if (seq % 100 === 0) file.add(line(`k${seq}`, 'said'));
  }
  await file.saved();
  const written = disk.file(PATH).read(0, disk.file(PATH).size).toString();
  assert.equal(written.match(/"seq"/g)?.length, 2);
  const { received, rows } = await file.read();
  assert.deepEqual(received, [
    { epoch: 'e', seq: 1_000 },
    { epoch: 'f', seq: 2_000 },
  ]);
  assert.equal(rows.length, 10);
});

test('a disk that takes nothing is said once, and what is said after it has room is kept', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const said: string[] = [];
  const kept = new KeptConversations({
    ...{
      directory: '/chat',
      disk: disk.mount(),
      random: seededRandom(2),
      ownName: 'ann',
      messageType: 'any',
    },
    onTrouble: (text) => void said.push(text),
  });
  const conversation = await kept.prepare('bb');
  disk.capacityBytes = 0;
  for (const name of ['one', 'two']) {
    conversation.called(name);
    await kept.saved();
  }
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /cannot be kept for the next start/);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  conversation.called('three');
  await kept.saved();
  assert.match(disk.file(PATH).read(0, disk.file(PATH).size).toString(), /three/);
});

test('only its user can read it', async (t) => {
  const path = join(tempDir(t), 'chat', 'bb.jsonl');
  await realDisk().makeDirectory(join(path, '..'));
  const file = new ConversationFile({ disk: realDisk(), path, onTrouble: (error) => assert.ifError(error) });
  file.add(line('a', 'secret'));
  await file.saved();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
});
