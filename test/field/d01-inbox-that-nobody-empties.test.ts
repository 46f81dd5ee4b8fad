/**
 * D1: an inbox that is full while nobody listens drops nothing: peers keep what does not fit, each with its own queue,
 * until a listener comes.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ListenerMessage } from '../../engine/index.ts';
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
import { rawClient } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const TYPES = { send_message_types: ['a', 'b'], recv_message_types: ['a', 'b'] };
const SMALL = { ...TYPES, max_size_persistence_path: 2_000 };
const COUNT = 3_000;

const numbers = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number));

const textsOf = (heard: readonly ListenerMessage[]): string[] => heard.map((message) => message.text());

const depthOf = (side: ConfiguredSide, direction: 'in' | 'out', type = 'a'): number =>
  side.queues().find((queue) => queue.direction === direction && queue.type === type)?.depth ?? 0;

const droppedOf = (side: ConfiguredSide): number =>
  side.queues().reduce((sum, { dropped = 0 }) => sum + dropped, 0);

async function smallServer(t: TestContext, client: Config = {}) {
  return connectedPair(t, { server: SMALL, client: { ...TYPES, ...client } });
}

/** So much that a queue of SMALL is full, and what does not fit waits. */
async function fills(side: ConfiguredSide): Promise<void> {
  let before = -1;
  await until(() => {
    const now = depthOf(side, 'in');
    const isSame = now === before;
    before = now;
    return isSame && now > 5;
  }, 'a full inbox');
}

test('a full inbox without a listener holds its aioc peer: 3,000 of 3,000 arrive in order, and other types meanwhile', async (t) => {
  const { server, client } = await smallServer(t);
  const api = await program(t, client);
  for (const data of numbers(COUNT)) void api.send({ messageType: 'a', data });
  await fills(server);
  const others = await heardBy(t, server, 'b');
  await api.send({ messageType: 'b', data: 'of another type' });
  await until(() => others.length === 1, 'a message of another type');
  assert.equal(depthOf(client, 'out') + depthOf(server, 'in'), COUNT, 'the sender has what does not fit');
  const held = server.queues().find(({ direction, type }) => direction === 'in' && type === 'a');
  assert.match(held?.blocked?.text ?? '', /listens to a: it is full, and peers wait/);
  const heard = await heardBy(t, server, 'a');
  await until(() => heard.length >= COUNT, 'all of them', 30_000);
  assert.deepEqual(textsOf(heard), numbers(COUNT));
  await until(() => depthOf(client, 'out') === 0, 'all of them to be confirmed');
  assert.deepEqual([droppedOf(server), logged(server, /dropped/)], [0, false]);
});

test('files behind it do not stop the link: another type passes, and they come in order, each kept once', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'sent');
  writeFileSync(path, 'content');
  const received = join(directory, 'received');
  const { server, client } = await connectedPair(t, {
    server: {
      ...SMALL,
      file_recv_config: { any: { target_directory: received, override_existing: false } },
    },
    client: TYPES,
  });
  const api = await program(t, client);
  for (const data of numbers(100)) void api.send({ messageType: 'a', data });
  await fills(server);
  for (const name of ['1', '2']) {
    const withFile = { srcPath: path, dstType: 'any', dstName: name };
    void api.send({ messageType: 'a', data: `file ${name}`, withFile });
    void api.send({ messageType: 'a', data: `behind ${name}` });
  }
  const others = await heardBy(t, server, 'b');
  await until(() => depthOf(client, 'out') + depthOf(server, 'in') === 104, 'all to be queued');
  await api.send({ messageType: 'b', data: 'x' });
  await until(() => others.length === 1, 'a message of another type');
  const full = /the inbox of the type a is full .*no program listens: peers wait/;
  await until(() => logged(server, full), 'the log to say so');
  const heard = await heardBy(t, server, 'a');
  await until(() => heard.length >= 104, 'all of them');
  assert.deepEqual(textsOf(heard).slice(100), ['file 1', 'behind 1', 'file 2', 'behind 2']);
  assert.equal(readFileSync(join(received, '2'), 'utf8'), 'content');
  assert.equal(logged(server, /was not saved|dropped/), false);
});

test('a Python peer that waits for acks gets none while the inbox is full, its pings are answered, and all arrives in order', async (t) => {
  const server = await started(t, { ...SMALL, is_server: true });
  const python = await rawClient(t, { mode: 'plain', server, name: 'py1', peerKind: 'python' });
  const pongs = (): number => python.frames.filter(({ header }) => header.message_type === '_ping').length;
  const acked = (): unknown[] =>
    python.frames.flatMap(({ header }) => (header.message_type === '_ack' ? [header['transport_id']] : []));
  const send = (id: number): void =>
    python.send({ message_type: 'a', source_id: 'py1', transport_id: id }, String(id));
  const ids = Array.from({ length: 60 }, (_, index) => index + 1);
  for (const id of ids) send(id);
  await fills(server);
  const full = depthOf(server, 'in');
  python.send({ message_type: '_ping', source_id: 'py1', await_response: true, request_id: 7 });
  await until(() => pongs() > 0, 'the answer to its ping');
  await until(() => acked().length === full, 'acks of what is kept');
  const heard = await heardBy(t, server, 'a');
  await until(() => acked().length === 60, 'the other acks');
  assert.deepEqual(acked(), ids);
  await until(() => heard.length >= 60, 'all of them');
  assert.deepEqual(textsOf(heard), ids.map(String));
  assert.deepEqual([droppedOf(server), logged(server, /dropped/)], [0, false]);
});

test('a Python peer that goes away meanwhile is seen to go, and what it was held with arrives', async (t) => {
  const server = await started(t, { ...SMALL, is_server: true });
  const python = await rawClient(t, { mode: 'plain', server, name: 'py1', peerKind: 'python' });
  for (let id = 1; id <= 60; id += 1)
    python.send({ message_type: 'a', source_id: 'py1', transport_id: id }, String(id));
  await fills(server);
  python.destroy();
  await until(() => server.peers().every(({ state }) => state !== 'connected'), 'its end');
  const heard = await heardBy(t, server, 'a');
  await until(() => heard.length >= 60, 'all of them');
  assert.equal(heard.length, 60);
});

test('a stop of the side whose inbox is full loses nothing: the rest comes at its next start, once', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const server = await started(t, { ...SMALL, is_server: true, server_sockaddr });
  const client = await started(t, { ...TYPES, is_server: false, client_name: 'client1', server_sockaddr });
  await connected(server, client);
  const api = await program(t, client);
  for (const data of numbers(COUNT)) void api.send({ messageType: 'a', data });
  await fills(server);
  await server.engine.stop();
  const next = await started(
    t,
    { ...SMALL, is_server: true, server_sockaddr },
    { directory: server.directory },
  );
  const heard = await heardBy(t, next, 'a');
  await until(() => heard.length >= COUNT, 'all of them', 30_000);
  assert.deepEqual(textsOf(heard), numbers(COUNT));
  assert.equal(logged(client, /dropped/), false);
});

test('when_full: drop_newest drops there all the same, counts it, and holds nobody', async (t) => {
  const { server, client } = await connectedPair(t, {
    server: { ...SMALL, when_full: 'drop_newest' },
    client: TYPES,
  });
  const api = await program(t, client);
  for (const data of numbers(200)) void api.send({ messageType: 'a', data });
  await until(() => depthOf(server, 'in') + droppedOf(server) === 200, 'all of them');
  assert.ok(droppedOf(server) > 50);
});

test('a Python peer that asks for no acks keeps nothing: what does not fit is dropped, counted and logged, and its link goes on', async (t) => {
  const server = await started(t, { ...SMALL, is_server: true });
  const python = await rawClient(t, { mode: 'plain', server, name: 'py1', peerKind: 'python' });
  for (let id = 1; id <= 60; id += 1) python.send({ message_type: 'a', source_id: 'py1' }, String(id));
  await until(() => depthOf(server, 'in') + droppedOf(server) === 60, 'all of them');
  assert.ok(droppedOf(server) > 20);
  await until(
    () =>
      logged(server, new RegExp(`py1: messages of the type a were dropped: .*${droppedOf(server)} so far`)),
    'the number of them',
  );
  python.send({ message_type: 'b', source_id: 'py1' }, 'x');
  await until(() => depthOf(server, 'in', 'b') === 1, 'one of another type');
});
