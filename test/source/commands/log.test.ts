import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal } from '../../../engine/index.ts';
import { RecordBatchBuilder } from '../../../engine/protocol/record-batch.ts';
import { singles } from '../../helpers/batches.ts';
import { builtProgram } from '../../helpers/built-program.ts';
import { oldOutgoingRecord } from '../../helpers/old-record.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function log(...words: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [builtProgram(), 'log', ...words], {
    encoding: 'utf8',
  });
}

/** Every file of a directory, with its bytes. */
function everything(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(directory, name), 'latin1')]));
}

test('aioc log shows, exports and verifies a journal, and changes nothing', async (t) => {
  const directory = tempDir(t);
  const journal = await openJournal({ directory });
  const message = {
    header: { message_type: 'news', tag: '\u001b[2J' },
    data: Buffer.from('bonjour \u001b]0;x'),
  };
  await journal.append('out/alice/news', singles(oldOutgoingRecord(message), oldOutgoingRecord(message)));
  await journal.append('in/news', singles(Buffer.from([0xff, 0x00])));
  const whileOpen = log('verify', directory);
  assert.equal(whileOpen.status, 1);
  assert.match(whileOpen.stderr, new RegExp(`process ${process.pid}.*AIOC_JOURNAL_IN_USE`));
  await journal.close();
  const before = everything(directory);

  const shown = log('show', directory);
  assert.match(shown.stdout, /^out\/alice\/news {2}2 records, \d+ bytes, oldest 20/m);
  const records = log('show', directory, 'out/alice/news');
  assert.equal(records.stdout.trim().split('\n').length, 2);
  assert.match(records.stdout, /bonjour \\x1b]0;x/);
  assert.ok(!records.stdout.includes('\u001b'));

  const [first] = log('export', directory, 'out/alice/news')
    .stdout.split('\n')
    .map((line) => line && JSON.parse(line));
  assert.deepEqual(first.header, message.header);
  assert.equal(Buffer.from(first.data_base64, 'base64').toString(), 'bonjour \u001b]0;x');
  const [frame] = log('export', directory, 'in/news')
    .stdout.split('\n')
    .map((line) => line && JSON.parse(line));
  assert.equal(frame.payload_base64, '/wA=');

  const fine = log('verify', directory);
  assert.equal(fine.status, 0);
  assert.match(fine.stdout, /1 segments, 2 streams, 3 records, 3 not acknowledged\nno damage found/);
  assert.deepEqual(everything(directory), before);
});

test('aioc log shows the messages of a batch one by one, those that are left', async (t) => {
  const directory = tempDir(t);
  const journal = await openJournal({ directory });
  const builder = new RecordBatchBuilder();
  for (const text of ['one', 'two', 'three'])
    builder.add({ headerBytes: Buffer.from(`{"tag": "${text}"}`), data: Buffer.from(text), binary: NOTHING });
  const head = Buffer.from('{"message_type": "news", "source_id": "alice"}');
  const { positions } = await journal.append('in/news', [{ ...builder.takeWhole(), head }]);
  await journal.ack('in/news', positions[0] as number);
  await journal.close();
  const lines = log('export', directory, 'in/news').stdout.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ header, data_base64: data }) => [header, atob(data)]),
    [
      [{ message_type: 'news', source_id: 'alice', tag: 'two' }, 'two'],
      [{ message_type: 'news', source_id: 'alice', tag: 'three' }, 'three'],
    ],
  );
  assert.match(log('show', directory).stdout, /^in\/news {2}2 records/m);
});

test('aioc log verify finds damage, says where it is, and leaves it there', async (t) => {
  const directory = tempDir(t);
  const journal = await openJournal({ directory });
  for (const text of ['one', 'two', 'three']) await journal.append('a', singles(text));
  await journal.close();
  const segment = join(directory, '0000000001.segment');
  const bytes = readFileSync(segment);
  bytes[bytes.indexOf('two')] = 0x54;
  writeFileSync(segment, bytes);
  const before = everything(directory);
  const damaged = log('verify', directory);
  assert.equal(damaged.status, 1);
  assert.match(
    damaged.stdout,
    /damaged: segment 1, bytes \d+ to \d+, stream a\nlost: 1 message\n1 damaged places/,
  );
  assert.deepEqual(everything(directory), before);
  const missing = log('verify', join(directory, 'nowhere'));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /is not a journal directory.*AIOC_JOURNAL/);
});

const NOTHING = Buffer.alloc(0);
