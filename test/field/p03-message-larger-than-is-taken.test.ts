/** P3: a message that is larger than is taken is never dropped in silence: its program is told, or the log says why not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../engine/base/limits.ts';
import { sendSocketPath } from '../../engine/local/socket-names.ts';
import { freePort } from '../helpers/free-port.ts';
import { connected, heardBy, logged, program, started, until } from '../helpers/key-effects.ts';
import { PythonSender } from '../helpers/python-sender.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';

const TYPES = { send_message_types: ['a'], recv_message_types: ['a'] };
const CLIENT = { ...TYPES, is_server: false, client_name: 'client1' };
const owner = { role: 'client', name: 'client1' } as const;
const LARGE = 'x'.repeat(2_000);

test('a Python program whose message is too large: the log says what, why and that it was not told, and counts', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await started(t, { ...CLIENT, server_sockaddr, max_size_message: 1_024 });
  const path = sendSocketPath(join(side.directory, 'run'), owner);
  const sender = await PythonSender.connect(t, path);
  for (const data of [LARGE, 'x'.repeat(100_000), 'y'.repeat(100_000), 'small'])
    await sender.send({ message_type: 'a' }, data);
  await until(() => side.queues().some(({ type, depth }) => type === 'a' && depth === 1), 'the small one');
  assert.ok(
    logged(side, /dropped a a message .*: it has 2000 bytes, and max_size_message is 1024.*was not notified/),
  );
  await until(() => logged(side, /max_size_message is 1024.*\(3 so far\)/), 'the number of them');
});

test('one that awaits a response hears of it by the end of its connection', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await started(t, { ...CLIENT, server_sockaddr, max_size_message: 1_024 });
  const sender = await PythonSender.connect(t, sendSocketPath(join(side.directory, 'run'), owner));
  sender.socket.resume();
  await sender.send({ message_type: 'a', await_response: true, request_id: 1 }, 'x'.repeat(100_000));
  await until(() => sender.socket.destroyed, 'the end of it');
  assert.ok(logged(side, /a a message .* max_size_message is 1024/));
});

test('our own program is told at the door, and goes on', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await started(t, { ...CLIENT, server_sockaddr, max_size_message: 1_024 });
  const api = await program(t, side);
  for (const data of [LARGE, 'x'.repeat(1_000_000)])
    await rejectsWith(
      api.send({ messageType: 'a', data }),
      'AIOC_FRAME_TOO_LARGE',
      /max_size_message is 1024/,
    );
  assert.equal(await api.send({ messageType: 'a', data: 'x'.repeat(1_024) }), 'stored');
});

test('what its peer would not take is refused at the sender, or given up there when it waited already', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const client = await started(t, { ...CLIENT, server_sockaddr });
  const api = await program(t, client);
  for (const data of ['1', LARGE, '2']) await api.send({ messageType: 'a', data });
  const server = await started(t, { ...TYPES, is_server: true, server_sockaddr, max_size_message: 1_024 });
  await connected(server, client);
  const heard = await heardBy(t, server, 'a');
  await until(() => heard.length === 2, 'those that it takes');
  assert.ok(
    logged(
      client,
      /a a message could not be sent and was dropped: it has 2000 bytes, and the peer accepts at most 1024/,
    ),
  );
  await rejectsWith(
    api.send({ messageType: 'a', data: LARGE }),
    'AIOC_FRAME_TOO_LARGE',
    /peer accepts at most 1024/,
  );
  await api.send({ messageType: 'a', data: '3' });
  await until(() => heard.length === 3, 'the next one');
  assert.deepEqual(
    heard.map((message) => message.text()),
    ['1', '2', '3'],
  );
  assert.equal(logged(server, /dropped/), false, 'nothing of it went over the wire');
});

for (const disk_persistence_send of [true, false]) {
  test(`max_size_message can be raised, disk_persistence_send: ${disk_persistence_send}: a larger message arrives`, async (t) => {
    const server_sockaddr = ['127.0.0.1', await freePort()];
    const raised = { server_sockaddr, max_size_message: 100_000_000, disk_persistence_send };
    const server = await started(t, { ...TYPES, ...raised, is_server: true });
    const client = await started(t, { ...CLIENT, ...raised });
    await connected(server, client);
    const heard = await heardBy(t, server, 'a');
    const data = Buffer.alloc(LIMITS.messageBytes + 1_000, 'z');
    await (await program(t, client)).send({ messageType: 'a', data });
    await until(() => heard.length === 1, 'it', 60_000);
    assert.equal(heard[0]?.data.length, data.length);
  });
}
