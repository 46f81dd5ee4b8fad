/** Who comes to which socket: programs of every user send through root's connector, and do nothing else. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseLocalFrame } from '../../engine/local/local-frames.ts';
import {
  encodePacket,
  jsonBody,
  type Packet,
  type PacketKind,
  PacketReader,
} from '../../engine/local/native/packets.ts';
import {
  attachSocketPath,
  commanderSocketPath,
  nativeListenSocketPath,
  nativeSocketPath,
  receiveSocketPath,
  sendSocketPath,
} from '../../engine/local/socket-names.ts';
import type { JsonObject } from '../../engine/protocol/header.ts';
import { ConnectorAPI } from '../../source/index.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { connectedPair, heardBy, program, started, until } from '../helpers/key-effects.ts';
import {
  asUser,
  nobody,
  ONLY_ROOT,
  readableBuild,
  say,
  tryToConnect,
  type User,
} from '../helpers/other-user.ts';
import { RawSubscriber } from '../helpers/raw-subscriber.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const owner = { role: 'client', name: 'client1' } as const;
const skip = ONLY_ROOT;

test('where root lets everybody send, another user gets to the sockets for sending and to no other', {
  skip,
}, async (t) => {
  const { client } = await connectedPair(t);
  chmodSync(client.directory, 0o711);
  const heard = await heardBy(t, client);
  const run = join(client.directory, 'run');
  const sending = [sendSocketPath(run, owner), nativeSocketPath(run, owner)];
  const others = [
    nativeListenSocketPath(run, owner),
    commanderSocketPath(run, owner),
    attachSocketPath(run, owner),
    receiveSocketPath({ directory: run, owner, messageType: 'any' }),
  ];
  assert.deepEqual(await tryToConnect(nobody(), sending), ['connected', 'connected']);
  assert.deepEqual(
    await tryToConnect(nobody(), others),
    others.map(() => 'EACCES'),
  );
  // Nor can it put a socket of its own in the way, or take one away.
  const meddle = `(calls) => calls.map(([name, ...args]) => { try { require('node:fs')[name](...args); return 'done'; } catch (error) { return error.code; } })`;
  const [socket = ''] = sending;
  const calls = [
    ['writeFileSync', join(run, 'x'), ''],
    ['renameSync', socket, join(run, 'x')],
    ['unlinkSync', socket],
  ];
  assert.deepEqual(
    await asUser(nobody(), meddle, calls),
    calls.map(() => 'EACCES'),
  );
  assert.deepEqual(heard, []);
});

test('it takes no message off the queue, over whichever socket it asks', { skip }, async (t) => {
  const { server, client } = await connectedPair(t);
  chmodSync(client.directory, 0o711);
  const run = join(client.directory, 'run');
  const heard = await heardBy(t, client);
  const wish = { type: 'any', credit: 5, takeOver: true };
  const words = [
    encodePacket({ kind: 'hello', number: 1, body: jsonBody({ protocol: 1 }) }),
    encodePacket({ kind: 'subscribe', number: 2, body: jsonBody(wish) }),
    encodePacket({ kind: 'taken', number: 2, body: jsonBody({ upTo: 1_000 }) }),
  ];
  const answers = unitsIn(await say(nobody(), nativeSocketPath(run, owner), Buffer.concat(words.flat())));
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['welcome', 'failed'],
  );
  assert.match(answers[1]?.body.toString() ?? '', /AIOC_LISTEN/);
  await (await program(t, server)).send({ messageType: 'any', destinationId: 'client1', data: 'private' });
  await until(() => heard.length === 1, 'the message');
  assert.equal(heard[0]?.text(), 'private');
});

test('what it may do it can: its messages arrive, and our library tells it in words what it may not', {
  skip,
}, async (t) => {
  const { server, client } = await connectedPair(t);
  chmodSync(client.directory, 0o711);
  const run = join(client.directory, 'run');
  const heard = await heardBy(t, server);
  const { library } = readableBuild(t);
  const use = `async (library, directory) => {
    const { ConnectorAPI } = await import(library);
    const api = new ConnectorAPI({ clientName: 'client1', connectorFilesDirpath: directory });
    const sent = await api.send({ messageType: 'any', data: 'from another user' });
    const refused = await api.listen('any', () => undefined).catch(({ code, message }) => [code, message]);
    return [sent, refused];
  }`;
  const [sent, [code, text]] = (await asUser(nobody(), use, library, run)) as [string, [string, string]];
  assert.deepEqual([sent, code], ['stored', 'AIOC_LISTEN']);
  assert.match(text, /this user may not listen: .*everybody_can_send_messages/);
  await until(() => heard.length === 1, 'the message');
});

test('with the key off the group comes to each socket, and nobody else to any', { skip }, async (t) => {
  const side = await started(t, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', await freePort()],
    everybody_can_send_messages: false,
  });
  chmodSync(side.directory, 0o711);
  const run = join(side.directory, 'run');
  const paths = [sendSocketPath, nativeSocketPath, nativeListenSocketPath, commanderSocketPath].map(
    (pathIn) => pathIn(run, owner),
  );
  const rootsGroup = { uid: 4321, gid: 0 };
  assert.deepEqual(
    await tryToConnect(rootsGroup, paths),
    paths.map(() => 'connected'),
  );
  assert.deepEqual(
    await tryToConnect(nobody(), paths),
    paths.map(() => 'EACCES'),
  );
  assert.deepEqual(await tryToConnect(rootsGroup, [attachSocketPath(run, owner)]), ['EACCES']);
});

test('a connector of an ordinary user serves programs of its group, which send, listen and command', {
  skip,
}, async (t) => {
  const { program: daemonProgram, library } = readableBuild(t);
  const daemonUser: User = { uid: 4001, gid: 4000 };
  const groupUser: User = { uid: 4002, gid: 4000 };
  const home = tempDir(t);
  chmodSync(home, 0o755);
  const state = join(home, 'daemon');
  await asUser({ uid: 0, gid: 0 }, `(path) => { require('node:fs').mkdirSync(path); }`, state);
  chmodSync(state, 0o755);
  chownSync(state, daemonUser.uid, daemonUser.gid);
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const run = join(state, 'run');
  const config = { server_sockaddr, use_ssl: false, connector_files_dirpath: run };
  const configFile = join(state, 'config.json');
  writeFileSync(configFile, JSON.stringify({ ...config, is_server: false, client_name: 'client1' }));
  const daemon = new Daemon(t, ['--headless', configFile], state, { ...daemonUser, program: daemonProgram });
  await daemon.ready();
  assert.equal(statSync(run).mode & 0o777, 0o750);
  const server = await started(t, { is_server: true, server_sockaddr });
  const atServer = await program(t, server);
  const echo = await atServer.listen('any', (message) => message.reply(message.text()));
  t.after(() => echo.stop());
  const use = `async (library, directory) => {
    const { ConnectorAPI, ConnectorRemoteTool } = await import(library);
    const place = { clientName: 'client1', connectorFilesDirpath: directory };
    const api = new ConnectorAPI(place);
    const heard = [];
    const both = new Promise((resolve) => api.listen('any', (message) => { heard.push(message.text()); resolve(); })
      .catch((error) => { heard.push(error.message); resolve(); }));
    const answer = await api.request({ messageType: 'any', data: 'asked' });
    await api.send({ messageType: 'any', data: 'sent' });
    await both;
    return [answer.text(), heard, await new ConnectorRemoteTool(place).showLogLevel()];
  }`;
  assert.deepEqual(await asUser(groupUser, use, library, run), ['asked', ['sent'], 'INFO']);
  const unknownFile: User = { uid: 4003, gid: 4003 };
  const sockets = readdirSync(run)
    .map((name) => join(run, name))
    .filter((path) => statSync(path).isSocket());
  assert.deepEqual(
    await tryToConnect(unknownFile, sockets),
    sockets.map(() => 'EACCES'),
  );
});

test('an aioc of before, which has one socket for both, is listened to and sent through', async (t) => {
  const directory = tempDir(t);
  const connector = await OldConnector.start(t, nativeSocketPath(directory, owner));
  const api = new ConnectorAPI({ clientName: 'client1', connectorFilesDirpath: directory });
  t.after(() => api.close());
  const source = join(directory, 'source');
  writeFileSync(source, 'x');
  const listener = await api.listen('any', () => undefined);
  t.after(() => listener.stop());
  assert.equal(
    await api.send({ messageType: 'any', withFile: { srcPath: source, dstType: 'any' } }),
    'stored',
  );
  assert.equal(connector.subscriptions, 1);
  // It reads files itself.
  assert.equal(connector.sourcePath, source);
});

test('a program of before that asks for messages where it sends is told to be updated, and goes on sending', async (t) => {
  const side = await started(t, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', await freePort()],
  });
  const old = await RawSubscriber.connect(nativeSocketPath(join(side.directory, 'run'), owner));
  const answer = await old.subscribe(2, { type: 'any' });
  assert.equal(answer.kind, 'failed');
  assert.match(answer.body.toString(), /update aioc there/);
});

/** The one socket of an aioc of before: its welcome says less, and programs send and listen there. */
class OldConnector {
  subscriptions = 0;
  sourcePath: unknown;

  static async start(t: TestContext, path: string): Promise<OldConnector> {
    const connector = new OldConnector();
    const server = net.createServer((socket) => {
      const reader = new PacketReader();
      const answer = (kind: PacketKind, number: number, body: Readonly<Record<string, unknown>>): unknown =>
        socket.write(Buffer.concat(encodePacket({ kind, number, body: jsonBody(body) })));
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        reader.push(chunk);
        for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
          const { kind, number, body } = packet;
          if (kind === 'hello') answer('welcome', number, { protocol: 1, version: '0.1.0' });
          if (kind === 'subscribe') answer('done', number, { store: 'x' });
          if (kind === 'subscribe') connector.subscriptions += 1;
          if (kind !== 'send') continue;
          const withFile = parseLocalFrame(body).header['with_file'] as JsonObject;
          connector.sourcePath = withFile['src_path'];
          answer('done', number, { outcome: 'stored' });
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    t.after(() => server.close());
    return connector;
  }
}

function unitsIn(bytes: Buffer): Packet[] {
  const reader = new PacketReader();
  reader.push(bytes);
  const packets: Packet[] = [];
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
  return packets;
}
