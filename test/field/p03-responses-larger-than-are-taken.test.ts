/** P3: a response that is larger than is taken is told to who asked, and to who responded: nobody waits for a timeout. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ListenerMessage } from '../../engine/index.ts';
import { LocalFrameReader } from '../../engine/local/local-frames.ts';
import { sendSocketPath } from '../../engine/local/socket-names.ts';
import type { Frame } from '../../engine/protocol/frame-decoder.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import {
  type Config,
  connectedPair,
  heardBy,
  logged,
  program,
  started,
  until,
} from '../helpers/key-effects.ts';
import { PythonSender } from '../helpers/python-sender.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';

const TYPES = { send_message_types: ['a'], recv_message_types: ['a'] };
const LARGE = 'x'.repeat(2_000);
const timeoutMs = 10_000;
const BOUND = { max_size_message: 1_024 };

/** A pair whose client responds to each request with as many bytes as it asks for, and what came of that. */
async function responding(
  t: TestContext,
  { server = {}, client = {} }: { server?: Config; client?: Config },
) {
  const pair = await connectedPair(t, { server: { ...TYPES, ...server }, client: { ...TYPES, ...client } });
  const outcomes: string[] = [];
  const listener = await (await program(t, pair.client)).listen('a', async (message: ListenerMessage) => {
    await message.reply('x'.repeat(Number(message.text()))).then(
      () => outcomes.push('sent'),
      (error) => outcomes.push(error.code),
    );
  });
  t.after(() => listener.stop());
  const api = await program(t, pair.server);
  const ask = (data: string) => api.request({ messageType: 'a', destinationId: 'client1', data, timeoutMs });
  return { ...pair, ask, outcomes };
}

const ROLES = [
  { whose: 'that its own connector does not take', client: BOUND, text: /max_size_message is 1024/ },
  { whose: 'that the other side does not take', server: BOUND, text: /the peer accepts at most 1024/ },
] as const;

for (const { whose, text, ...configs } of ROLES) {
  test(`a response ${whose} ends the request at once, and is refused to the responder`, async (t) => {
    const { ask, outcomes } = await responding(t, configs);
    for (const size of [1_023, 1_024]) assert.equal((await ask(String(size))).data.length, size);
    await rejectsWith(ask('1025'), 'AIOC_FRAME_TOO_LARGE', text);
    // So large that the connector skips it unread.
    await rejectsWith(ask('400000'), 'AIOC_FRAME_TOO_LARGE', /at most 1024|max_size_message is 1024/);
    assert.equal((await ask('1')).data.length, 1);
    assert.deepEqual(outcomes, ['sent', 'sent', 'AIOC_FRAME_TOO_LARGE', 'AIOC_FRAME_TOO_LARGE', 'sent']);
  });
}

const CLIENT1 = { role: 'client', name: 'client1' } as const;

/** A program on Python's API at the client's connector, and the frames that it is written. */
async function pythonProgram(
  t: TestContext,
  client: ConfiguredSide,
): Promise<{ sender: PythonSender; heard: readonly Frame[] }> {
  const sender = await PythonSender.connect(t, sendSocketPath(join(client.directory, 'run'), CLIENT1));
  const heard: Frame[] = [];
  const reader = new LocalFrameReader();
  sender.socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let event = reader.next(); event !== undefined; event = reader.next())
      if (event.kind === 'frame') heard.push(event.frame);
  });
  return { sender, heard };
}

test('a Python program that awaits a response is told by an error in its header', async (t) => {
  const { server, client } = await connectedPair(t, { server: { ...TYPES, ...BOUND }, client: TYPES });
  const listener = await (await program(t, server)).listen('a', async (message) => {
    await rejectsWith(message.reply(LARGE), 'AIOC_FRAME_TOO_LARGE', /max_size_message is 1024/);
  });
  t.after(() => listener.stop());
  const { sender, heard } = await pythonProgram(t, client);
  await sender.send({ message_type: 'a', await_response: true, request_id: 7 }, 'x');
  await until(() => heard.length > 0, 'an answer');
  assert.equal(heard[0]?.header['error'], 'response_too_large');
});

test('a response of a Python program that is too large ends the request of its peer', async (t) => {
  const { server, client } = await connectedPair(t, { server: TYPES, client: { ...TYPES, ...BOUND } });
  const heard = await heardBy(t, client, 'a');
  const api = await program(t, server);
  const asked = api.request({ messageType: 'a', destinationId: 'client1', requestId: 7, timeoutMs });
  await until(() => heard.length === 1, 'the request');
  const { sender } = await pythonProgram(t, client);
  await sender.send({ message_type: 'a', response_id: 7 }, LARGE);
  await rejectsWith(asked, 'AIOC_FRAME_TOO_LARGE', /it has 2000 bytes, and max_size_message is 1024/);
});

test('a response of a Python peer that is too large ends the request', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const server = await started(t, { is_server: true, ...TYPES, ...BOUND, server_sockaddr });
  const peer = await rawClient(t, { mode: 'plain', server, name: 'py1', peerKind: 'python' });
  const api = await program(t, server);
  await until(() => server.peers()[0]?.state === 'connected', 'the connection');
  const asked = api.request({ messageType: 'a', destinationId: 'py1', data: '', timeoutMs });
  const request = () => peer.frames.find(({ header }) => header['await_response'] === true);
  await until(request, 'the request');
  const responseId = request()?.header['request_id'] ?? null;
  peer.send({ message_type: 'a', source_id: 'py1', response_id: responseId }, 'x'.repeat(2_000));
  await rejectsWith(
    asked,
    'AIOC_FRAME_TOO_LARGE',
    /there will be no response from py1: it has 2000 bytes, and max_size_message is 1024/,
  );
  assert.ok(logged(server, /py1: a a message of 2000 bytes was dropped/));
});
