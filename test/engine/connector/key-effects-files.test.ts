/** Keys about files: each test changes one and looks at what it does. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Config, connectedPair, heardBy, logged, program, until } from '../../helpers/key-effects.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** A pair of which the server receives into a directory of its own, and a way to send it a file. */
async function filePair(t: TestContext, serverConfig: (target: string) => Config, clientConfig: Config = {}) {
  const target = join(tempDir(t), 'target');
  mkdirSync(target);
  const { server, client } = await connectedPair(t, {
    server: serverConfig(target),
    client: clientConfig,
  });
  const heard = await heardBy(t, server);
  const sender = await program(t, client);
  const source = tempDir(t);
  const send = async (text: string, dstName: string, dstType = 'report'): Promise<void> => {
    const srcPath = join(source, 'file');
    writeFileSync(srcPath, text);
    const before = heard.length;
    await sender.send({ messageType: 'any', data: 'a file', withFile: { srcPath, dstType, dstName } });
    await until(() => heard.length === before + 1, 'the message, whatever becomes of its file');
  };
  const read = (name: string): string => readFileSync(join(target, name), 'utf8');
  return { server, client, target, heard, send, read };
}

test('file_type2dirpath: a file goes to the directory of its type, filled in from the header', async (t) => {
  const { server, target, send, read } = await filePair(t, (directory) => ({
    file_type2dirpath: { report: join(directory, '{source_id}', '{message_type}') },
  }));
  await send('hello', 'a.txt');
  assert.equal(read('client1/any/a.txt'), 'hello');
  await send('again', 'a.txt');
  assert.equal(read('client1/any/a.txt'), 'hello', 'what is there stays');
  await send('hello', 'b.txt', 'picture');
  // Of one peer, one such line a second.
  const why = /no directory is configured for the dst_type picture/;
  await until(() => logged(server, why), 'the reason in the log');
  assert.deepEqual(readdirSync(join(target, 'client1/any')), ['a.txt']);
});

for (const override_existing of [false, true]) {
  test(`file_recv_config: a file that is there is ${override_existing ? 'replaced' : 'kept'} with override_existing ${override_existing}`, async (t) => {
    const { send, read } = await filePair(t, (target_directory) => ({
      file_recv_config: { report: { target_directory, override_existing } },
    }));
    await send('first', 'a.txt');
    await send('second', 'a.txt');
    assert.equal(read('a.txt'), override_existing ? 'second' : 'first');
  });
}

const HOSTILE = [
  '../out.txt',
  '/tmp/aioc-out.txt',
  'a/../../out.txt',
  '..',
  '',
  'a\u0000b',
  '{source_id}.txt',
];

test('file_recv_config: a name that a hostile peer chose never leads out of the directory', async (t) => {
  const { server, target, send } = await filePair(t, (target_directory) => ({
    file_recv_config: { report: { target_directory, override_existing: true } },
  }));
  for (const name of HOSTILE) await send('evil', name);
  assert.equal(existsSync('/tmp/aioc-out.txt'), false);
  assert.deepEqual(readdirSync(join(target, '..')), ['target']);
  // Braces in a peer's name mean nothing.
  assert.deepEqual(
    readdirSync(target).filter((name) => name !== 'a'),
    ['{source_id}.txt'],
  );
  assert.ok(logged(server, /was not stored/));
});

test('max_size_file_upload_recv: a larger file is passed over, its message is not', async (t) => {
  const { server, send, target } = await filePair(t, (directory) => ({
    file_type2dirpath: { report: directory },
    max_size_file_upload_recv: 10,
  }));
  await send('x'.repeat(11), 'large');
  await send('x'.repeat(10), 'small');
  assert.deepEqual(readdirSync(target), ['small']);
  assert.ok(logged(server, /11 bytes, but max_size_file_upload_recv allows only 10/));
});

test('max_size_file_upload_send: a larger file is not sent, its message says why', async (t) => {
  const { send, target, heard } = await filePair(
    t,
    (directory) => ({ file_type2dirpath: { report: directory } }),
    { max_size_file_upload_send: 10, everybody_can_send_messages: false },
  );
  await send('x'.repeat(11), 'large');
  await send('x'.repeat(10), 'small');
  assert.deepEqual(readdirSync(target), ['small']);
  assert.match(String(heard[0]?.withFile?.['file_error']), /max_size_file_upload_send/);
  assert.equal(heard[1]?.withFile?.['file_error'], undefined);
});

test('max_size_chunk_upload: a program sends a larger file in pieces of that size', async (t) => {
  const directory = tempDir(t);
  const { server, client } = await connectedPair(t, {
    server: { file_type2dirpath: { report: directory } },
  });
  const heard = await heardBy(t, server);
  const srcPath = join(tempDir(t), 'source');
  writeFileSync(srcPath, 'abcdefghij');
  const config = {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', server.status().port],
    connector_files_dirpath: join(client.directory, 'run'),
    max_size_chunk_upload: 4,
  };
  const sender = await program(t, { configPath: config });
  await sender.send({
    messageType: 'any',
    data: '',
    withFile: { srcPath, dstType: 'report', dstName: 'pieces' },
  });
  await until(() => heard.length === 3, 'three pieces');
  const pieces = readdirSync(directory).sort();
  assert.equal(pieces.map((name) => readFileSync(join(directory, name), 'utf8')).join(''), 'abcdefghij');
});
