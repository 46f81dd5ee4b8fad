/** Root's connector, through which programs of every user may send, and a real second user who names files. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ListenerMessage } from '../../engine/index.ts';
import { encodePacket, jsonBody, type Packet, PacketReader } from '../../engine/local/native/packets.ts';
import { nativeSocketPath, sendSocketPath, spoolPath } from '../../engine/local/socket-names.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import type { JsonObject } from '../../engine/protocol/header.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import {
  type Config,
  connected,
  connectedPair,
  heardBy,
  logged,
  program,
  started,
  until,
} from '../helpers/key-effects.ts';
import { asUser, nobody, ONLY_ROOT, readableBuild, say } from '../helpers/other-user.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const owner = { role: 'client', name: 'client1' } as const;
const skip = ONLY_ROOT;
const run = (side: ConfiguredSide): string => join(side.directory, 'run');

interface Machine {
  readonly server: ConfiguredSide;
  readonly client: ConfiguredSide;
  readonly received: string;
  readonly heard: readonly ListenerMessage[];
  /** Where files of both users are: every user can enter it. */
  readonly place: string;
  /** A file in there. */
  file(name: string, mode: number): string;
}

/** The client is root's connector with the second user's programs; its server keeps what it is sent. */
async function machine(t: TestContext, config: Config = {}): Promise<Machine> {
  const received = join(tempDir(t), 'received');
  const { server, client } = await connectedPair(t, {
    server: {
      file_recv_config: { any: { target_directory: received, owner: null, override_existing: false } },
    },
    client: config,
  });
  const place = tempDir(t);
  for (const directory of [place, client.directory]) chmodSync(directory, 0o711);
  const file = (name: string, mode: number): string => {
    const path = join(place, name);
    writeFileSync(path, name);
    chmodSync(path, mode);
    return path;
  };
  return { server, client, received, heard: await heardBy(t, server), place, file };
}

function message(src_path: string, more: JsonObject = {}): Buffer {
  const with_file = { src_path, dst_type: 'any', dst_name: src_path.replaceAll('/', '-'), ...more };
  return encodeFrame({
    header: { message_type: 'any', with_binary: true, with_file },
    data: Buffer.from(src_path),
    binary: BINARY,
  });
}
const BINARY = Buffer.from('its own binary');

const arrived = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

test('over Python’s socket a file that its sender may not read stays here, undeleted, and the message says why', {
  skip,
}, async (t) => {
  const { client, heard, received, file, place } = await machine(t);
  const secret = file('secret', 0o600);
  mkdirSync(join(place, 'private'), { mode: 0o700 });
  const hidden = file('private/hidden', 0o644);
  const group = file('group', 0o640);
  const others = file('others', 0o604);
  const frames = [secret, hidden, group, others].map((path) => message(path));
  await say(nobody(), sendSocketPath(run(client), owner), Buffer.concat(frames));
  await until(() => heard.length === 4, 'four messages');
  for (const { withFile, binary } of heard) {
    assert.match(String(withFile?.['file_error']), /everybody_can_send_messages/);
    assert.deepEqual(binary, BINARY);
  }
  assert.deepEqual(arrived(received), []);
  for (const path of [secret, hidden, group, others]) assert.ok(existsSync(path), path);
  await until(
    () => logged(client, /left out the file of a any message .*: .*everybody_can_send_messages/),
    'the warning',
  );
});

test('a link of the sender to such a file is no way round', { skip }, async (t) => {
  const { client, heard, received, file, place } = await machine(t);
  mkdirSync(join(place, 'private'), { mode: 0o700 });
  const hidden = file('private/hidden', 0o644);
  const theirs = tempDir(t);
  chmodSync(theirs, 0o777);
  const links = `(theirs, target, directory) => { const { symlinkSync } = require('node:fs');
    symlinkSync(target, theirs + '/file'); symlinkSync(directory, theirs + '/directory'); }`;
  await asUser(nobody(), links, theirs, hidden, dirname(hidden));
  const paths = [`${theirs}/file`, `${theirs}/directory/hidden`, `${theirs}/directory/../private/hidden`];
  await say(nobody(), sendSocketPath(run(client), owner), Buffer.concat(paths.map((path) => message(path))));
  await until(() => heard.length === 3, 'three messages');
  assert.deepEqual(arrived(received), []);
});

test('a file that all may read is sent, and never deleted', { skip }, async (t) => {
  const { client, heard, received, file } = await machine(t);
  const open = file('open', 0o644);
  await say(
    nobody(),
    sendSocketPath(run(client), owner),
    Buffer.concat([message(open), message(open, { delete: true, dst_name: 'again' })]),
  );
  await until(() => heard.length === 2, 'two messages');
  assert.equal(readFileSync(join(received, 'again'), 'utf8'), 'open');
  assert.equal(heard[0]?.withFile?.['any_user'], undefined);
  // Both have been acknowledged.
  await until(() => client.queues().every(({ depth }) => depth === 0), 'the acknowledgements');
  assert.ok(existsSync(open));
});

test('it is looked at again when it is sent, also by a connector that root has restarted with the key off', {
  skip,
}, async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const received = join(tempDir(t), 'received');
  const config = { is_server: false, client_name: 'client1', server_sockaddr };
  const client = await started(t, config);
  const place = tempDir(t);
  for (const directory of [place, client.directory]) chmodSync(directory, 0o711);
  const path = join(place, 'open');
  writeFileSync(path, 'open');
  await say(nobody(), sendSocketPath(run(client), owner), message(path));
  await until(() => client.queues().some(({ depth }) => depth === 1), 'the message in the queue');
  chmodSync(path, 0o600);
  await client.engine.stop({ hard: true });
  const again = await started(
    t,
    { ...config, everybody_can_send_messages: false },
    { directory: client.directory },
  );
  const file_recv_config = { any: { target_directory: received, owner: null, override_existing: false } };
  const server = await started(t, { is_server: true, server_sockaddr, file_recv_config });
  const heard = await heardBy(t, server);
  await connected(server, again);
  await until(() => heard.length === 1, 'the message');
  assert.match(String(heard[0]?.withFile?.['file_error']), /not every user may read it/);
  assert.deepEqual(arrived(received), []);
  assert.ok(existsSync(path));
});

test('over our own socket a path is refused in words, and one into the spool as well', {
  skip,
}, async (t) => {
  const { client, heard, received, file, place } = await machine(t);
  const secret = file('secret', 0o600);
  const spool = spoolPath(run(client), owner);
  const packets = [secret, join(spool, 'x'), join(place, '..', spool, 'x')].map((path, index) =>
    encodePacket({ kind: 'send', number: index + 2, body: message(path).subarray(4) }),
  );
  const hello = encodePacket({ kind: 'hello', number: 1, body: jsonBody({ protocol: 1 }) });
  const answers = unitsIn(
    await say(nobody(), nativeSocketPath(run(client), owner), Buffer.concat([hello, ...packets].flat())),
  );
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['welcome', 'failed', 'failed', 'failed'],
  );
  assert.match(answers[1]?.body.toString() ?? '', /AIOC_FILE_UNREADABLE.*everybody_can_send_messages/);
  assert.deepEqual(arrived(received), []);
  assert.deepEqual(heard, []);
  assert.ok(existsSync(secret));
});

test('our library passes the bytes of what its user may read, and deletes it itself', {
  skip,
}, async (t) => {
  const { client, heard, received } = await machine(t);
  const { library } = readableBuild(t);
  const theirs = tempDir(t);
  chmodSync(theirs, 0o777);
  const send = `async (library, directory, theirs) => {
    const { writeFileSync, existsSync } = require('node:fs');
    const { ConnectorAPI } = await import(library);
    const api = new ConnectorAPI({ clientName: 'client1', connectorFilesDirpath: directory, maxSizeChunkUpload: 10 });
    const told = [];
    for (const [name, content, remove] of [['mine', 'private', true], ['empty', '', false], ['long', '0123456789abcde', true]]) {
      const srcPath = theirs + '/' + name;
      writeFileSync(srcPath, content, { mode: 0o600 });
      const withFile = { srcPath, dstType: 'any', delete: remove };
      told.push(await api.send({ messageType: 'any', data: name, withFile }), existsSync(srcPath));
    }
    return told;
  }`;
  const told = await asUser(nobody(), send, library, run(client), theirs);
  assert.deepEqual(told, ['stored', false, 'stored', true, 'stored', false]);
  await until(() => heard.length === 3, 'three messages');
  assert.deepEqual(
    heard.map(({ withFile }) => withFile?.['file_error']),
    [undefined, undefined, undefined],
  );
  assert.equal(readFileSync(join(received, 'mine'), 'utf8'), 'private');
  assert.equal(readFileSync(join(received, 'empty'), 'utf8'), '');
  assert.equal(readFileSync(join(received, 'long'), 'utf8'), '0123456789abcde');
  // Nothing is kept of what the other side has.
  await until(() => arrived(spoolPath(run(client), owner)).length === 0, 'an empty spool');
});

test('what waits in the spool is private, outlives a restart with its message, and nothing else does', {
  skip,
}, async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const received = join(tempDir(t), 'received');
  const config = { is_server: false, client_name: 'client1', server_sockaddr };
  const client = await started(t, config);
  const source = join(tempDir(t), 'source');
  writeFileSync(source, 'as it was');
  const api = await program(t, client);
  const withFile = { srcPath: source, dstType: 'any' };
  assert.equal(await api.send({ messageType: 'any', withFile }), 'stored');
  writeFileSync(source, 'changed since');
  const spool = spoolPath(run(client), owner);
  const [waiting, ...others] = arrived(spool);
  assert.deepEqual(others, []);
  // The directory keeps all others out; the file has the mode that the receiver gives it.
  assert.equal(statSync(spool).mode & 0o777, 0o700);
  assert.equal(statSync(join(spool, String(waiting))).mode & 0o777, statSync(source).mode & 0o777);
  await client.engine.stop({ hard: true });
  writeFileSync(join(spool, 'left-by-a-crash'), 'x');
  const again = await started(t, config, { directory: client.directory });
  assert.deepEqual(arrived(spool), [waiting]);
  const file_recv_config = { any: { target_directory: received, owner: null, override_existing: false } };
  const server = await started(t, { is_server: true, server_sockaddr, file_recv_config });
  const heard = await heardBy(t, server);
  await connected(server, again);
  await until(() => heard.length === 1, 'the message');
  assert.equal(readFileSync(join(received, 'source'), 'utf8'), 'as it was');
  await until(() => arrived(spool).length === 0, 'an empty spool');
});

test('of a program that goes away in the middle of a file, and of a message that is refused, nothing is kept', {
  skip,
}, async (t) => {
  const { client } = await machine(t, { max_size_file_upload_send: 20 });
  const spool = spoolPath(run(client), owner);
  const bytes = (number: number, text: string) =>
    encodePacket({ kind: 'fileBytes', number, body: Buffer.from(text) });
  const send = (number: number, header: JsonObject) =>
    encodePacket({
      kind: 'send',
      number,
      body: encodeFrame({
        header: { message_type: 'any', with_file: { dst_type: 'any', dst_name: 'x' }, ...header } as never,
        data: Buffer.alloc(0),
      }).subarray(4),
    });
  const words = [
    encodePacket({ kind: 'hello', number: 1, body: jsonBody({ protocol: 1 }) }),
    bytes(2, 'unknown type'),
    send(2, { message_type: 'unknown' }),
    bytes(3, 'more than twenty bytes'),
    bytes(3, 'and more'),
    send(3, {}),
    bytes(4, 'never ended'),
  ];
  const answers = unitsIn(
    await say(nobody(), nativeSocketPath(run(client), owner), Buffer.concat(words.flat())),
  );
  assert.deepEqual(
    answers.slice(1).map(({ number, body }) => [number, JSON.parse(body.toString()).code]),
    [
      [2, 'AIOC_TYPE_UNKNOWN'],
      [3, 'AIOC_FILE_UNREADABLE'],
    ],
  );
  await until(() => arrived(spool).length === 0, 'an empty spool');
});

test('with the key off, and for programs of the connector’s own user, it is as Python has it', {
  skip,
}, async (t) => {
  const { client, heard, received, file } = await machine(t, { everybody_can_send_messages: false });
  const secret = file('secret', 0o600);
  await say({ uid: 0, gid: 0 }, sendSocketPath(run(client), owner), message(secret, { dst_name: 'kept' }));
  await until(() => heard.length === 1, 'the message');
  assert.equal(readFileSync(join(received, 'kept'), 'utf8'), 'secret');
  await until(() => !existsSync(secret), 'the file to be deleted');
});

function unitsIn(bytes: Buffer): Packet[] {
  const reader = new PacketReader();
  reader.push(bytes);
  const packets: Packet[] = [];
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
  return packets;
}
