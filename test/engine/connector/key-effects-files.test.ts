/** Keys about files: each test changes one and looks at what it does. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../helpers/free-port.ts';
import {
  type Config,
  connected,
  connectedPair,
  heardBy,
  logged,
  program,
  started,
  until,
} from '../../helpers/key-effects.ts';
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

for (const [key, value, why] of [
  ['file_quota_files', 0, /0 incomplete files at once/],
  ['file_quota_bytes', 10, /10 bytes of incomplete files/],
  ['file_quota_files_a_day', 1, /1 files a day/],
  ['file_quota_bytes_a_day', 15, /15 bytes of files a day/],
] as const)
  test(`${key}: what a peer sends beyond it is refused with the reason, and its message arrives`, async (t) => {
    const { server, client, send, target, heard } = await filePair(t, (directory) => ({
      file_type2dirpath: { report: directory },
      [key]: value,
    }));
    if (key.endsWith('a_day')) await send('x'.repeat(10), 'first');
    await send('x'.repeat(11), 'second');
    const told = String(heard.at(-1)?.withFile?.['file_error']);
    assert.ok(why.test(told) || logged(server, why) || logged(client, why), `${told}`);
    assert.deepEqual(readdirSync(target), key.endsWith('a_day') ? ['first'] : []);
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

test('max_size_chunk_upload: to an aioc peer, a larger file is one message with one file', async (t) => {
  const { target, heard, send, read } = await filePair(
    t,
    (directory) => ({ file_type2dirpath: { report: directory } }),
    { max_size_chunk_upload: 4 },
  );
  await send('abcdefghij', 'whole');
  await send('', 'empty');
  assert.equal(heard.length, 2);
  assert.deepEqual(readdirSync(target), ['empty', 'whole']);
  assert.equal(read('whole'), 'abcdefghij');
});

/** What happens to sources while their messages wait. */
const CHANGES: readonly (readonly [name: string, change: (path: string) => void])[] = [
  ['grown', (path) => appendFileSync(path, ' and more')],
  ['removed', (path) => rmSync(path)],
  [
    'replaced',
    (path) => {
      writeFileSync(`${path}.new`, 'as it is');
      renameSync(`${path}.new`, path);
    },
  ],
  ['shorter', (path) => truncateSync(path, 2)],
];

for (const file_spool of ['reference', 'copy'] as const) {
  const what = file_spool === 'copy' ? 'arrives as it was' : 'is left out, and both sides get the reason';
  test(`file_spool: with ${file_spool}, a file that changes while its message waits ${what}`, async (t) => {
    const target = join(tempDir(t), 'target');
    mkdirSync(target);
    const server_sockaddr = ['127.0.0.1', await freePort()];
    const config = { is_server: false, client_name: 'client1', server_sockaddr, file_spool };
    const before = await started(t, { ...config, everybody_can_send_messages: false });
    const sender = await program(t, before);
    const source = tempDir(t);
    for (const [name, change] of CHANGES) {
      const path = join(source, name);
      writeFileSync(path, 'as it was', { mode: 0o640 });
      const withFile = { srcPath: path, dstType: 'report', delete: true };
      const outcome = await sender.send({ messageType: 'any', data: name, withFile });
      assert.equal(outcome, file_spool === 'copy' ? 'stored' : 'accepted');
      change(path);
    }
    // What was noted outlives a restart, and so does a copy.
    await before.engine.stop({ hard: true });
    const client = await started(
      t,
      { ...config, everybody_can_send_messages: false },
      { directory: before.directory },
    );
    const server = await started(t, {
      is_server: true,
      server_sockaddr,
      file_type2dirpath: { report: target },
    });
    const heard = await heardBy(t, server);
    await connected(server, client);
    await until(() => heard.length === CHANGES.length, 'all messages');
    const errors = heard.map(({ withFile }) => String(withFile?.['file_error'] ?? ''));
    for (const key of ['note', 'copied_from', 'any_user', 'in_order'])
      assert.ok(
        heard.every(({ withFile }) => withFile?.[key] === undefined),
        key,
      );
    if (file_spool === 'copy') {
      assert.deepEqual(errors, ['', '', '', '']);
      for (const name of readdirSync(target))
        assert.equal(readFileSync(join(target, name), 'utf8'), 'as it was');
      assert.equal(readdirSync(target).length, CHANGES.length);
      await until(() => spooled(client).length === 0, 'the copies to be deleted');
    } else {
      assert.deepEqual(readdirSync(target), []);
      for (const [index, [name]] of CHANGES.entries())
        assert.match(errors[index] ?? '', name === 'removed' ? /There is no/ : /changed/);
    }
    // Delete means the file that was sent, and none that has its name since.
    assert.deepEqual(
      CHANGES.map(([name]) => name).filter((name) => existsSync(join(source, name))),
      ['grown', 'replaced', 'shorter'],
    );
  });
}

function spooled({ directory }: { readonly directory: string }): string[] {
  return readdirSync(join(directory, 'run/aioc_spool_client_client1'));
}

test('file_spool: a source is deleted when the peer has the message, and not before', async (t) => {
  for (const file_spool of ['reference', 'copy']) {
    const server_sockaddr = ['127.0.0.1', await freePort()];
    const config = { is_server: false, client_name: 'client1', server_sockaddr, file_spool };
    const client = await started(t, { ...config, everybody_can_send_messages: false });
    const sender = await program(t, client);
    const path = join(tempDir(t), 'source');
    writeFileSync(path, 'text');
    const withFile = { srcPath: path, dstType: 'report', delete: true };
    await sender.send({ messageType: 'any', withFile });
    assert.ok(existsSync(path));
    const target = tempDir(t);
    const server = await started(t, {
      is_server: true,
      server_sockaddr,
      file_type2dirpath: { report: target },
    });
    await connected(server, client);
    await until(() => !existsSync(path), 'the source to be deleted');
    assert.equal(readFileSync(join(target, 'source'), 'utf8'), 'text');
  }
});

test('a library sends a file as bytes, or as they come, or several files, each as one message', async (t) => {
  const { client, heard, target, read } = await filePair(
    t,
    (directory) => ({ file_type2dirpath: { report: directory } }),
    { everybody_can_send_messages: false },
  );
  const sender = await program(t, client);
  const source = join(tempDir(t), 'named');
  writeFileSync(source, 'by its name');
  const dstType = 'report';
  async function* coming(): AsyncGenerator<Buffer> {
    for (let index = 0; index < 5; index += 1) yield Buffer.alloc(100_000, 97 + index);
  }
  const outcome = await sender.send({
    messageType: 'any',
    data: 'several',
    withFile: [
      { content: Buffer.from('bytes'), dstType, dstName: 'bytes' },
      { content: coming(), dstType, dstName: 'coming', inOrder: false },
      { content: Buffer.alloc(0), dstType, dstName: 'empty' },
      { srcPath: source, dstType },
    ],
  });
  assert.equal(outcome, 'accepted', 'the least of them');
  await until(() => heard.length === 4, 'four messages');
  assert.deepEqual(readdirSync(target).sort(), ['bytes', 'coming', 'empty', 'named']);
  assert.equal(read('bytes'), 'bytes');
  assert.equal(read('coming'), ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(100_000)).join(''));
  await until(() => spooled(client).length === 0, 'an empty spool');
  async function* breaking(): AsyncGenerator<Buffer> {
    yield Buffer.from('begun');
    throw new Error('the source broke');
  }
  const broken = { content: breaking(), dstType, dstName: 'broken' };
  await assert.rejects(sender.send({ messageType: 'any', withFile: broken }), /the source broke/);
  await sender.send({ messageType: 'any', data: 'behind' });
  await until(() => heard.length === 5, 'the next message');
  await until(() => spooled(client).length === 0, 'an empty spool');
  assert.ok(!existsSync(join(target, 'broken')));
});
