/** Keys about messages, and the sockets of the programs of this machine: each test changes one and looks at what it does. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ListenerMessage } from '../../../engine/index.ts';
import { receiveSocketPath, sendSocketPath } from '../../../engine/local/socket-names.ts';
import { FakeConnector } from '../../helpers/fake-connector.ts';
import { connectedPair, heardBy, logged, program, started, until } from '../../helpers/key-effects.ts';
import { pythonReceiver } from '../../helpers/python-receiver.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const owner = { role: 'client', name: 'client1' } as const;
const texts = (heard: readonly ListenerMessage[]): string[] => heard.map((message) => message.text());

test('send_message_types: what is not in it is dropped by the connector, with a warning', async (t) => {
  const types = ['any', 'news'];
  const { server, client } = await connectedPair(t, {
    client: { send_message_types: ['news'] },
    server: { recv_message_types: types },
  });
  const heard = await heardBy(t, server, 'news');
  const unwanted = await heardBy(t, server, 'any');
  // A program that does not ask first, as Python's.
  const sender = await program(t, client, { sendMessageTypes: types });
  await rejectsWith(
    sender.send({ messageType: 'any', data: 'not this' }),
    'AIOC_TYPE_UNKNOWN',
    /send_message_types/,
  );
  await sender.send({ messageType: 'news', data: 'this' });
  await until(() => heard.length === 1, 'the news');
  assert.ok(logged(client, /dropped a any message .*: .*send_message_types/));
  assert.deepEqual(texts(unwanted), []);
  assert.deepEqual(texts(heard), ['this']);
});

test('recv_message_types: each has a listener of its own; what is not in it is dropped, with a warning', async (t) => {
  const { server, client } = await connectedPair(t, {
    client: { send_message_types: ['any', 'news', 'sport'] },
    server: { recv_message_types: ['news', 'sport'] },
  });
  const news = await heardBy(t, server, 'news');
  const sport = await heardBy(t, server, 'sport');
  const sender = await program(t, client);
  for (const messageType of ['any', 'news', 'sport']) await sender.send({ messageType, data: messageType });
  await until(() => news.length + sport.length === 2, 'two messages');
  assert.deepEqual([texts(news), texts(sport)], [['news'], ['sport']]);
  await until(() => logged(server, /client1: .*type any was dropped.*recv_message_types/), 'the warning');
});

const IGNORED: readonly (readonly [unknown, readonly string[]])[] = [
  [false, ['client1', 'client2']],
  [true, []],
  ['client1', ['client2']],
  [['client1', 'client2'], []],
];
for (const [ignore_peer_traffic, expected] of IGNORED) {
  test(`ignore_peer_traffic: ${JSON.stringify(ignore_peer_traffic)}`, async (t) => {
    const { server, client } = await connectedPair(t, { server: { ignore_peer_traffic } });
    const second = await started(t, {
      is_server: false,
      client_name: 'client2',
      server_sockaddr: ['127.0.0.1', server.status().port],
    });
    const heard = await heardBy(t, server);
    for (const side of [client, second]) {
      await (await program(t, side)).send({ messageType: 'any', data: side.status().ownName });
    }
    await until(() => heard.length + server.status().ignoredDrops === 2, 'both messages, heard or dropped');
    assert.deepEqual(texts(heard).sort(), expected);
  });
}

for (const keep of [true, false]) {
  test(`uds_path_receive_preserve_socket: ${keep}, as its listener sees it`, async (t) => {
    const { server, client } = await connectedPair(t, {
      client: { uds_path_receive_preserve_socket: keep },
    });
    const path = receiveSocketPath({ directory: `${client.directory}/run`, owner, messageType: 'any' });
    const seen = await countConnections(t, path);
    const sender = await program(t, server);
    for (let count = 0; count < 3; count += 1) {
      await sender.send({ messageType: 'any', destinationId: 'client1', data: `m${count}` });
    }
    await until(() => /m0.*m1.*m2/s.test(seen.text), 'three messages');
    assert.equal(seen.connections, keep ? 1 : 3);
  });

  test(`uds_path_send_preserve_socket: ${keep}, as the connector sees its program`, async (t) => {
    const directory = tempDir(t);
    const connector = await FakeConnector.start(t, { directory, owner });
    const sender = await program(t, {
      configPath: {
        is_server: false,
        client_name: 'client1',
        connector_files_dirpath: directory,
        uds_path_send_preserve_socket: keep,
      },
    });
    for (const data of ['a', 'b', 'c']) await sender.send({ messageType: 'any', data });
    await until(() => connector.frames.length === 3, 'three messages');
    assert.deepEqual([...connector.texts].sort(), ['a', 'b', 'c']);
    assert.equal(connector.connections, keep ? 1 : 3);
  });

  test(`uds_path_send_preserve_socket: ${keep}, with a connector set alike every message arrives in order`, async (t) => {
    const { server, client } = await connectedPair(t, { client: { uds_path_send_preserve_socket: keep } });
    const heard = await heardBy(t, server);
    const sender = await program(t, client);
    const sent = Array.from({ length: 50 }, (_, index) => String(index));
    for (const data of sent) await sender.send({ messageType: 'any', data });
    await until(() => heard.length === sent.length, 'all messages');
    assert.deepEqual(texts(heard), sent);
  });
}

for (const python_listener of ['at_most_once', 'at_least_once']) {
  test(`python_listener: ${python_listener}, what a listener may have lost with its end comes again, or does not`, async (t) => {
    const { server, client } = await connectedPair(t, { client: { python_listener } });
    const path = receiveSocketPath({ directory: `${client.directory}/run`, owner, messageType: 'any' });
    // It is done with the first one, and ends with the others in its memory.
    const first = await pythonReceiver(t, path, 1);
    const sender = await program(t, server);
    const send = (data: string): Promise<unknown> =>
      sender.send({ messageType: 'any', destinationId: 'client1', data });
    for (const data of ['m0', 'm1', 'm2']) await send(data);
    await until(() => first.readBytes > 0 && client.queues().every(({ depth }) => depth === 0), 'all three');
    await first.kill();
    const second = await pythonReceiver(t, path);
    await send('m3');
    await until(() => second.done.includes('m3'), 'the next one');
    const isAgain = python_listener === 'at_least_once';
    assert.deepEqual(second.done, isAgain ? ['m0', 'm1', 'm2', 'm3'] : ['m3']);
    assert.equal(logged(client, /redelivering its last 3 messages/), isAgain);
  });
}

const root = process.getuid?.() === 0;
for (const everybody of [true, false]) {
  const skip = root ? false : 'only a connector of root gives its sockets away';
  test(`everybody_can_send_messages: ${everybody}, by the group of the socket`, { skip }, async (t) => {
    const side = await started(t, {
      is_server: false,
      client_name: 'client1',
      server_sockaddr: ['127.0.0.1', 1],
      everybody_can_send_messages: everybody,
    });
    const { gid, mode } = statSync(sendSocketPath(`${side.directory}/run`, owner));
    assert.equal(gid !== 0, everybody);
    assert.equal(mode & 0o777, 0o770);
  });

  test(`receive_from_any_connector_owner: ${everybody}, by the group of the socket`, { skip }, async (t) => {
    const directory = tempDir(t);
    mkdirSync(`${directory}/run`);
    // Another user's connector can have its sockets here.
    chmodSync(`${directory}/run`, 0o1777);
    const api = await program(t, {
      configPath: {
        is_server: false,
        client_name: 'client1',
        connector_files_dirpath: `${directory}/run`,
        receive_from_any_connector_owner: everybody,
      },
    });
    const listener = await api.listen('any', () => undefined);
    t.after(() => listener.stop());
    const path = receiveSocketPath({ directory: `${directory}/run`, owner, messageType: 'any' });
    assert.equal(statSync(path).gid !== 0, everybody);
  });
}

test('a connector that was stopped and started again brings messages to its listeners as before', async (t) => {
  const { server, client } = await connectedPair(t);
  const heard = await heardBy(t, server);
  await server.engine.pause({ hard: false });
  await server.engine.start();
  await (await program(t, client)).send({ messageType: 'any', data: 'after' });
  await until(() => heard.length === 1, 'the message');
  assert.deepEqual(texts(heard), ['after']);
});

/** A listener that only counts: a program of another make. */
async function countConnections(
  t: TestContext,
  path: string,
): Promise<{ connections: number; text: string }> {
  const seen = { connections: 0, text: '' };
  const server = net.createServer((socket) => {
    seen.connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      seen.text += chunk.toString('latin1');
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return seen;
}
