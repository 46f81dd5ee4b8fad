/**
 * D1: a program on Python's send socket is told nothing, so while a queue or the disk is full it waits: its socket is not
 * read, and of what it was told to be sent nothing is lost.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ListenerMessage } from '../../engine/index.ts';
import { sendSocketPath } from '../../engine/local/socket-names.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { DiskThatFills } from '../helpers/disk-that-fills.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Config, heardBy, logged, program, started, until } from '../helpers/key-effects.ts';
import { PythonSender } from '../helpers/python-sender.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';

const COUNT = 20_000;
const TYPES = { send_message_types: ['a', 'b'], recv_message_types: ['a', 'b'] };
const NUMBERS = Array.from({ length: COUNT }, (_, number) => String(number));

function clientSocket(side: ConfiguredSide): string {
  return sendSocketPath(join(side.directory, 'run'), { role: 'client', name: 'client1' });
}

async function client(t: TestContext, config: Config, disk?: DiskThatFills): Promise<ConfiguredSide> {
  const options = disk === undefined ? {} : { disk: disk.disk };
  return started(t, { ...TYPES, is_server: false, client_name: 'client1', ...config }, options);
}

async function listeningServer(
  t: TestContext,
  server_sockaddr: unknown,
): Promise<readonly ListenerMessage[]> {
  const server = await started(t, { ...TYPES, is_server: true, server_sockaddr });
  return heardBy(t, server, 'a');
}

const textsOf = (heard: readonly ListenerMessage[]): string[] => heard.map((message) => message.text());

const depthOf = (side: ConfiguredSide, type: string): number =>
  side.queues().find((queue) => queue.direction === 'out' && queue.type === type)?.depth ?? 0;

/** It stands still: the sender cannot write, and the connector takes nothing. */
async function standsStill(sender: PythonSender, side: ConfiguredSide): Promise<void> {
  let before = '';
  let same = 0;
  await until(() => {
    const now = `${sender.written} ${depthOf(side, 'a')}`;
    same = now === before ? same + 1 : 0;
    before = now;
    return same > 5;
  }, 'the program to be held');
}

test('a Python program at full speed into a full queue: it is held, and 20,000 of 20,000 arrive in order', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, max_size_persistence_path: 200_000 });
  const sender = await PythonSender.connect(t, clientSocket(side));
  const sent = sender.sendNumbers({ message_type: 'a' }, { count: COUNT });
  await standsStill(sender, side);
  assert.ok(sender.written < COUNT, `${sender.written} were taken by a queue that has no room for them`);
  assert.ok(logged(side, /the queue of the type a is full .* wait until there is room/));
  const heard = await listeningServer(t, server_sockaddr);
  await sent;
  await sender.end();
  await until(() => heard.length >= COUNT, 'all of them', 60_000);
  assert.deepEqual(textsOf(heard), NUMBERS);
  assert.equal(logged(side, /dropped/), false);
});

test('a Python program at full speed onto a full disk: it is held, and 20,000 of 20,000 arrive in order', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const disk = new DiskThatFills();
  const side = await client(t, { server_sockaddr }, disk);
  const sender = await PythonSender.connect(t, clientSocket(side));
  await sender.sendNumbers({ message_type: 'a' }, { count: 100 });
  const sent = sender.sendNumbers({ message_type: 'a' }, { first: 100, count: COUNT - 100 });
  disk.isFull = true;
  await standsStill(sender, side);
  assert.ok(disk.refused > 0 && sender.written < COUNT, `${sender.written} written`);
  disk.isFull = false;
  await sent;
  await sender.end();
  const heard = await listeningServer(t, server_sockaddr);
  await until(() => heard.length >= COUNT, 'all of them', 60_000);
  assert.deepEqual(textsOf(heard), NUMBERS);
});

test('a program that ends while its messages wait: what it has written arrives all the same', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, max_size_persistence_path: 2_000 });
  const senders = [];
  // One connection for each message, as with uds_path_send_preserve_socket: false.
  for (let number = 0; number < 100; number += 1) {
    const sender = await PythonSender.connect(t, clientSocket(side));
    await sender.send({ message_type: 'a' }, String(number));
    senders.push(sender.end());
  }
  const last = await PythonSender.connect(t, clientSocket(side));
  await last.sendNumbers({ message_type: 'a' }, { first: 100, count: 500 });
  senders.push(last.end());
  const heard = await listeningServer(t, server_sockaddr);
  await until(() => heard.length >= 600, 'all of them', 30_000);
  assert.deepEqual(new Set(textsOf(heard)), new Set(NUMBERS.slice(0, 600)));
});

test('our own program is told at once that the queue is full, also while a Python program waits for it', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, max_size_persistence_path: 2_000 });
  const sender = await PythonSender.connect(t, clientSocket(side));
  sender.sendNumbers({ message_type: 'a' }, { count: 5_000 }).catch(() => undefined);
  await standsStill(sender, side);
  const api = await program(t, side);
  await rejectsWith(api.send({ messageType: 'a', data: 'x' }), 'AIOC_QUEUE_FULL', /no more fit/);
  assert.equal(await api.send({ messageType: 'b', data: 'x' }), 'stored', 'another queue is not held');
  const other = await PythonSender.connect(t, clientSocket(side));
  await other.sendNumbers({ message_type: 'b' }, { count: 3 });
  await until(() => depthOf(side, 'b') === 4, 'the messages of the other type');
});

test('a stop loses nothing of what a program has written: what waits for room is stored over the limit', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const config = { server_sockaddr, max_size_persistence_path: 2_000 };
  const side = await client(t, config);
  const sender = await PythonSender.connect(t, clientSocket(side));
  await sender.sendNumbers({ message_type: 'a' }, { count: 500 });
  await until(() => depthOf(side, 'a') > 5 && depthOf(side, 'a') < 100, 'a full queue');
  await side.engine.stop();
  const whole = { ...TYPES, is_server: false, client_name: 'client1', ...config };
  const next = await started(t, whole, { directory: side.directory });
  assert.equal(depthOf(next, 'a'), 500);
});

test('uds_path_send_preserve_socket: false, a program that never closes its connections loses none of 1,200 messages', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, uds_path_send_preserve_socket: false });
  for (let number = 0; number < 1_200; number += 1) {
    const sender = await PythonSender.connect(t, clientSocket(side));
    await sender.send({ message_type: 'a' }, String(number));
  }
  await until(() => depthOf(side, 'a') === 1_200, 'all of them');
  assert.equal(logged(side, /refused a local program/), false);
});

test('uds_path_send_preserve_socket: false into a full queue: 1,500 connections are held at once, and all 1,500 messages arrive', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, {
    server_sockaddr,
    uds_path_send_preserve_socket: false,
    max_size_persistence_path: 2_000,
  });
  for (let number = 0; number < 1_500; number += 1) {
    const sender = await PythonSender.connect(t, clientSocket(side));
    await sender.send({ message_type: 'a' }, String(number));
  }
  assert.ok(depthOf(side, 'a') < 100, 'a full queue');
  const heard = await listeningServer(t, server_sockaddr);
  await until(() => heard.length >= 1_500, 'all of them', 30_000);
  assert.deepEqual(new Set(textsOf(heard)), new Set(NUMBERS.slice(0, 1_500)));
  assert.equal(logged(side, /refused a local program/), false);
});

for (const when_full of ['drop_newest', 'drop_oldest']) {
  test(`when_full: ${when_full} drops for a Python program, too, counts it, and holds nobody`, async (t) => {
    const server_sockaddr = ['127.0.0.1', await freePort()];
    const side = await client(t, { server_sockaddr, max_size_persistence_path: 20_000, when_full });
    const sender = await PythonSender.connect(t, clientSocket(side));
    await sender.sendNumbers({ message_type: 'a' }, { count: 2_000 });
    const kept = (): number => depthOf(side, 'a');
    await until(
      () => logged(side, new RegExp(`messages of the type a were dropped: .*\\(${2_000 - kept()} so far\\)`)),
      'the number of those dropped',
    );
    assert.ok(kept() > 50 && kept() < 500, `${kept()} kept`);
  });
}

test('a message that could never fit is dropped, counted, and does not stop those behind it', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, max_size_persistence_path: 2_000 });
  const sender = await PythonSender.connect(t, clientSocket(side));
  await sender.send({ message_type: 'a' }, 'x'.repeat(3_000));
  await sender.send({ message_type: 'a' }, '0');
  await until(() => depthOf(side, 'a') === 1, 'the one behind it');
  assert.ok(logged(side, /message from a local program: .*max_size_persistence_path/));
});
