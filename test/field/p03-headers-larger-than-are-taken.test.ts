/** P3: a header that is larger than fits is refused where it is sent, and one that grows on its way breaks nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { receiveSocketPath, sendSocketPath } from '../../engine/local/socket-names.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import { parseHeader } from '../../engine/protocol/header.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import {
  connected,
  connectedPair,
  heardBy,
  logged,
  program,
  started,
  until,
} from '../helpers/key-effects.ts';
import { ONLY_ROOT } from '../helpers/other-user.ts';
import { pythonReceiver } from '../helpers/python-receiver.ts';
import { PythonSender } from '../helpers/python-sender.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';

const TYPES = { send_message_types: ['a'], recv_message_types: ['a'] };
const SERVER = { is_server: true, ...TYPES };
const CLIENT1 = { role: 'client', name: 'client1' } as const;
const EPOCH = 'AAAAAAAAAAAAAAAAAAAAAA';
const timeoutMs = 10_000;

/** A frame whose header is spelled just like this. */
function spelled(header: string, data = ''): Buffer {
  const [head, body] = [Buffer.from(header), Buffer.from(data)];
  const lengths = [Buffer.alloc(6), Buffer.alloc(4)] as const;
  lengths[0].writeUInt32LE(2 + head.length + 4 + body.length);
  lengths[0].writeUInt16LE(head.length, 4);
  lengths[1].writeUInt32LE(body.length);
  return Buffer.concat([lengths[0], head, lengths[1], body]);
}

function pythonSender(t: TestContext, client: ConfiguredSide): Promise<PythonSender> {
  return PythonSender.connect(t, sendSocketPath(join(client.directory, 'run'), CLIENT1));
}

/** Numbers that take one byte more each in Python's spelling. */
function compact(members: string, type = 'a'): string {
  return `{"message_type":"${type}",${members},"n":[${'1,'.repeat(29_000)}1]}`;
}

/** Members that take two bytes more each in any other spelling than this. */
function manyMembers(members: string, type = 'a'): string {
  const more = Array.from({ length: 6_000 }, (_, index) => `"k${index}":1`);
  return `{"message_type":"${type}",${members},${more.join(',')}}`;
}

test('a header at its bound arrives, over it the program is told, over either socket', async (t) => {
  const { server, client } = await connectedPair(t, { server: TYPES, client: TYPES });
  const heard = await heardBy(t, server, 'a');
  const api = await program(t, client);
  const over = await rejectsWith(
    api.send({ messageType: 'a', requestId: 'x'.repeat(61_439) }),
    'AIOC_FRAME_TOO_LARGE',
    /the header has \d+ bytes, at most 61439 can be forwarded/,
  );
  const names = Number(/has (\d+) bytes/.exec(over.message)?.[1]) - 61_439;
  const id = 'x'.repeat(61_439 - names);
  for (const requestId of [id.slice(1), id]) await api.send({ messageType: 'a', requestId });
  await rejectsWith(
    api.send({ messageType: 'a', requestId: `${id}x` }),
    'AIOC_FRAME_TOO_LARGE',
    /the header has 61440 bytes, at most 61439/,
  );
  const sender = await pythonSender(t, client);
  for (const request_id of [id, `${id}x`]) await sender.send({ message_type: 'a', request_id }, '');
  await sender.send({ message_type: 'a', request_id: 'last' }, '');
  await until(() => heard.length === 4, 'those that fit');
  assert.deepEqual(
    heard.map(({ requestId }) => requestId),
    [id.slice(1), id, id, 'last'],
  );
  assert.ok(
    logged(client, /dropped a a message .*: the header has 61440 bytes, at most 61439.*was not notified/),
  );
});

test('a header in UTF-8 that would not fit as Python spells it is refused, not given up later', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const config = { is_server: false, client_name: 'client1', ...TYPES, server_sockaddr };
  const client = await started(t, config);
  const sender = await pythonSender(t, client);
  const ids = `"source_id": "client1", "destination_id": "('127.0.0.1', ${server_sockaddr[1]})"`;
  for (const count of [20_000, 9_000])
    sender.socket.write(
      spelled(`{"message_type": "a", ${ids}, "tag": "${'é'.repeat(count)}"}`, String(count)),
    );
  await sender.send({ message_type: 'a' }, 'last');
  await until(() => client.queues().some(({ type, depth }) => type === 'a' && depth === 2), 'those that fit');
  assert.ok(logged(client, /dropped .*: the header has 120\d\d\d bytes, at most 61439/));
  await client.engine.stop();
  const again = await started(t, config, { directory: client.directory });
  const server = await started(t, { ...SERVER, server_sockaddr });
  const heard = await heardBy(t, server, 'a');
  await connected(server, again);
  await until(() => heard.length === 2, 'what was stored');
  assert.deepEqual(
    heard.map((message) => message.text()),
    ['9000', 'last'],
  );
});

for (const peerKind of ['aioc', 'python'] as const) {
  test(`a header of an ${peerKind} peer reaches listeners as it is spelled, although Python would spell it longer`, async (t) => {
    const port = await freePort();
    const both = { send_message_types: ['a', 'b'], recv_message_types: ['a', 'b'] };
    const server = await started(t, { is_server: true, ...both, server_sockaddr: ['127.0.0.1', port] });
    const heard = await heardBy(t, server, 'a');
    const owner = { role: 'server', host: '127.0.0.1', port } as const;
    const directory = join(server.directory, 'run');
    const python = await pythonReceiver(t, receiveSocketPath({ directory, owner, messageType: 'b' }));
    const peer = await rawClient(t, { mode: 'plain', server, name: 'peer1', peerKind });
    const letters = 'é'.repeat(20_000);
    for (const type of ['a', 'b']) {
      const named = (seq: number): string => `"source_id":"peer1","transport_id":"${EPOCH}.${seq}"`;
      peer.write(spelled(compact(named(1), type), 'numbers'));
      peer.write(spelled(`{"message_type":"${type}",${named(2)},"request_id":"${letters}"}`, 'letters'));
    }
    await until(() => heard.length === 2 && python.done.length === 2, 'both, at each listener');
    const texts = ['numbers', 'letters'];
    assert.deepEqual([heard.map((message) => message.text()), python.done], [texts, texts]);
    assert.equal(heard[1]?.requestId, letters);
    const inUtf8 = 58_000 + Buffer.byteLength(letters);
    assert.ok(python.readBytes > inUtf8 && python.readBytes < inUtf8 + 1_000, `${python.readBytes} bytes`);
  });

  test(`a header of an ${peerKind} peer that grows beyond what fits costs its message and nothing else`, async (t) => {
    const server = await started(t, { ...SERVER, server_sockaddr: ['127.0.0.1', await freePort()] });
    const heard = await heardBy(t, server, 'a');
    const peer = await rawClient(t, { mode: 'plain', server, name: 'peer1', peerKind });
    peer.write(spelled(manyMembers(`"transport_id":"${EPOCH}.1"`), 'one'));
    peer.write(spelled(manyMembers(`"source_id":"peer1","transport_id":"${EPOCH}.2"`), 'two'));
    peer.send({ message_type: 'a', source_id: 'peer1', transport_id: `${EPOCH}.3` }, 'three');
    await until(() => heard.some((message) => message.text() === 'three'), 'the last');
    assert.deepEqual(
      heard.map((message) => message.text()),
      ['three'],
    );
    assert.ok(
      logged(
        server,
        /peer1: a message of the type a was dropped: its header has 7\d{4} bytes .*, at most 65535 fit/,
      ),
    );
    assert.equal(peer.isClosed, false);
  });
}

test('a file whose header grows beyond what fits costs its message and nothing else', async (t) => {
  const server = await started(t, { ...SERVER, server_sockaddr: ['127.0.0.1', await freePort()] });
  const heard = await heardBy(t, server, 'a');
  const peer = await rawClient(t, { mode: 'plain', server, name: 'peer1', peerKind: 'aioc' });
  const about = '"with_binary":true,"with_file":{"src_path":"/x","dst_type":"any","dst_name":"x"}';
  const header = Buffer.from(manyMembers(`"source_id":"peer1","transport_id":"${EPOCH}.1",${about}`));
  const parsed = parseHeader(header);
  const [data, binary] = [Buffer.from('one'), Buffer.from('content')];
  peer.write(encodeFrame({ header: parsed, headerBytes: header, data, binary }));
  peer.send({ message_type: 'a', source_id: 'peer1', transport_id: `${EPOCH}.2` }, 'two');
  await until(() => heard.length === 1, 'the message behind it');
  assert.equal(heard[0]?.text(), 'two');
  assert.ok(logged(server, /peer1: a message of the type a was dropped: its header has 7\d{4} bytes/));
  assert.equal(peer.isClosed, false);
});

test('a response whose header grows beyond what fits ends its request', async (t) => {
  const server = await started(t, { ...SERVER, server_sockaddr: ['127.0.0.1', await freePort()] });
  const peer = await rawClient(t, { mode: 'plain', server, name: 'py1', peerKind: 'python' });
  await until(() => server.peers()[0]?.state === 'connected', 'the connection');
  const asked = (await program(t, server)).request({
    messageType: 'a',
    destinationId: 'py1',
    requestId: 7,
    timeoutMs,
  });
  await until(() => peer.frames.some(({ header }) => header['await_response'] === true), 'the request');
  peer.write(spelled(manyMembers(`"source_id":"py1","response_id":7`)));
  await rejectsWith(asked, 'AIOC_FRAME_TOO_LARGE', /its header has \d+ bytes .*, at most 65535 fit/);
  assert.equal(peer.isClosed, false);
});

test('a file that stays here for its sender’s user costs its message nothing, however long path and header are', {
  skip: ONLY_ROOT,
}, async (t) => {
  const { server, client } = await connectedPair(t, { server: TYPES, client: TYPES });
  const heard = await heardBy(t, server, 'a');
  const sender = await pythonSender(t, client);
  const withFile = { src_path: `/${'é'.repeat(3_000)}`, dst_type: 'any', dst_name: 'file' };
  for (const [tag, data] of [
    ['x'.repeat(40_000), 'fits'],
    ['x'.repeat(47_200), 'does not'],
  ] as const)
    await sender.send({ message_type: 'a', tag, with_file: withFile }, data);
  await sender.send({ message_type: 'a' }, 'last');
  await until(() => heard.length === 2, 'those that fit');
  assert.deepEqual(
    heard.map((message) => message.text()),
    ['fits', 'last'],
  );
  assert.match(String(heard[0]?.withFile?.['file_error']), /^Cannot/);
  assert.ok(logged(client, /dropped a a message .*: the header has \d+ bytes, at most \d+/));
});

test('a message whose file is gone when it is sent arrives without it, however long its header is', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const client = await started(t, {
    ...{ is_server: false, client_name: 'client1', ...TYPES, server_sockaddr },
    everybody_can_send_messages: false,
  });
  const api = await program(t, client);
  const directory = join(client.directory, ...Array<string>(4).fill('é'.repeat(120)));
  mkdirSync(directory, { recursive: true });
  const srcPath = join(directory, 'gone.bin');
  writeFileSync(srcPath, 'content');
  const withFile = { srcPath, dstType: 'any', dstName: 'file' };
  const over = await rejectsWith(
    api.send({ messageType: 'a', withFile, requestId: 'x'.repeat(61_439) }),
    'AIOC_FRAME_TOO_LARGE',
    /at most 61439/,
  );
  const rest = Number(/has (\d+) bytes/.exec(over.message)?.[1]) - 61_439;
  const requestId = 'x'.repeat(61_439 - rest);
  await api.send({ messageType: 'a', withFile, requestId, data: 'longest' });
  await api.send({ messageType: 'a', data: 'next' });
  rmSync(srcPath);
  const server = await started(t, { ...SERVER, server_sockaddr });
  const heard = await heardBy(t, server, 'a');
  await until(() => heard.length === 2, 'both');
  const [first, second] = heard;
  assert.deepEqual([first?.text(), second?.text()], ['longest', 'next']);
  assert.equal(first?.requestId, requestId);
  assert.equal(
    first?.withFile?.['file_error'],
    'There is no "gone.bin". Check the name.',
    'no path of the sender',
  );
  assert.equal(first?.header['aioc_transfer'], undefined);
});
