import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../engine/api/connector-api.ts';
import type { ListenerMessage } from '../../engine/api/listener-message.ts';
import { startPythonApiProgram } from '../helpers/python-api-program.ts';
import { type PythonPair, startPythonPair } from '../helpers/python-pair.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

interface World extends PythonPair {
  readonly python: PythonPeer;
}

/** The same things are tried from the client to the server and the other way round. */
function directions({ server, client, serverId, clientId }: World) {
  return [
    { name: 'client to server', from: client, to: server, fromId: clientId, toId: serverId },
    { name: 'server to client', from: server, to: client, fromId: serverId, toId: clientId },
  ];
}

test('our library on Python connectors', { timeout: 240_000 }, async (t) => {
  const python = await findPython();
  if ('unavailable' in python) return t.skip(python.unavailable);
  const world = { python, ...(await startPythonPair(t, python)) };
  await t.test('messages carry data, binary and ids', (t) => messages(t, world));
  await t.test('requests are answered', (t) => requests(t, world));
  await t.test('5,000 messages each way arrive in order, none twice', (t) => order(t, world));
  await t.test('files arrive, and go when that was asked for', (t) => files(t, world));
  await t.test('a large file goes in pieces and arrives whole', (t) => pieces(t, world));
  await t.test('Python programs and ours serve each other', (t) => pythonPrograms(t, world));
  await t.test('a type has one listener, of whichever language', (t) => oneListener(t, world));
  await t.test('commands give what Python shows', (t) => commands(t, world));
  await t.test('a restarted connector is found again', (t) => restarted(t, world));
  await t.test('a request ends when the peer goes', (t) => peerGone(t, world));
});

/** Collects what a listener is given. */
async function collect(t: TestContext, api: ConnectorAPI, messageType: string): Promise<ListenerMessage[]> {
  const got: ListenerMessage[] = [];
  const listener = await api.listen(messageType, (message) => {
    got.push(message);
  });
  t.after(() => listener.stop());
  return got;
}

async function messages(t: TestContext, world: World): Promise<void> {
  for (const { from, to, fromId, toId } of directions(world)) {
    const got = await collect(t, to.api, 'event');
    const binary = Buffer.from([0, 255, 1]);
    const base = { messageType: 'event', destinationId: toId };
    await from.api.send({ ...base, data: { é: [1, null] }, requestId: 7, tag: 'a:b-c_1' });
    await from.api.send({ ...base, data: 'plain ü', responseId: 'r', binary });
    await from.api.send({ ...base, data: Buffer.from([9, 200]), waitForAck: true });
    await from.api.send({ ...base, data: 'quoted', dataIsJson: true });
    await from.api.send(base);
    await waitFor(() => got.length === 5, { what: 'five messages' });
    const [json, text, bytes, quoted, empty] = got;
    assert.deepEqual(json?.json(), { é: [1, null] });
    assert.equal(json?.requestId, 7);
    assert.equal(json?.header['tag'], 'a:b-c_1');
    assert.equal(json?.sourceId, fromId);
    assert.equal(json?.header['destination_id'], toId);
    assert.equal(json?.binary, undefined);
    assert.equal(text?.text(), 'plain ü');
    assert.equal(text?.responseId, 'r');
    assert.deepEqual(text?.binary, binary);
    assert.deepEqual(bytes?.data, Buffer.from([9, 200]));
    assert.equal(quoted?.text(), '"quoted"');
    assert.equal(empty?.data.length, 0);
  }
}

async function requests(t: TestContext, world: World): Promise<void> {
  for (const { from, to, toId } of directions(world)) {
    const listener = await to.api.listen('event', async (message) => {
      assert.ok(message.awaitsResponse);
      const { double } = message.json<{ double: number }>();
      if (double > 0) await message.reply({ is: double * 2 }, message.binary && { binary: message.binary });
    });
    t.after(() => listener.stop());
    const ask = { messageType: 'event', destinationId: toId };
    const answers = await Promise.all(
      [1, 2, 3].map((double) =>
        from.api.request({ ...ask, data: { double }, binary: Buffer.from([double]), timeoutMs: 10_000 }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => [answer.json(), answer.binary?.[0]]),
      [1, 2, 3].map((double) => [{ is: double * 2 }, double]),
    );
    const ping = await from.api.request({ ...ask, messageType: '_ping', data: 'are you there' });
    assert.equal(ping.text(), 'are you there');
    const silent = from.api.request({ ...ask, data: { double: 0 }, timeoutMs: 300 });
    await rejectsWith(silent, 'AIOC_TIMEOUT', /300 ms/);
    const stop = new AbortController();
    const stopped = from.api.request({ ...ask, data: { double: 0 }, signal: stop.signal });
    stop.abort();
    await rejectsWith(stopped, 'AIOC_CANCELLED', /cancelled/);
  }
  const unknown = { messageType: 'event', destinationId: 'nobody', data: 'x', timeoutMs: 10_000 };
  await rejectsWith(world.server.api.request(unknown), 'AIOC_PEER_UNKNOWN', /nobody/);
  await rejectsWith(world.server.api.send({ ...unknown, messageType: 'odd' }), 'AIOC_TYPE_UNKNOWN', /odd/);
}

const COUNT = 5_000;

async function order(t: TestContext, world: World): Promise<void> {
  const expected = Array.from({ length: COUNT }, (_, index) => index);
  const both = directions(world).map(async ({ from, to, toId }) => {
    const got = await collect(t, to.api, 'order');
    for (const index of expected) {
      await from.api.send({ messageType: 'order', destinationId: toId, data: String(index) });
      // Python drops what it cannot hand on fast enough only far beyond this many.
      if (index - got.length > 2_000) await waitFor(() => index - got.length < 1_000, { what: 'Python' });
    }
    await waitFor(() => got.length >= COUNT, { timeoutMs: 60_000, what: `${COUNT} messages` });
    return got.map((message) => Number(message.text()));
  });
  for (const got of await Promise.all(both)) assert.deepEqual(got, expected);
}

async function files(t: TestContext, world: World): Promise<void> {
  for (const { from, to, toId } of directions(world)) {
    const got = await collect(t, to.api, 'event');
    const kept = join(tempDir(t), 'kept.bin');
    const gone = join(tempDir(t), 'gone.bin');
    writeFileSync(kept, Buffer.alloc(300_000, 7));
    writeFileSync(gone, 'soon gone');
    const base = { messageType: 'event', destinationId: toId };
    await from.api.send({ ...base, data: 'k', withFile: { srcPath: kept, dstType: 'any' } });
    const binary = Buffer.from('own');
    const withFile = { srcPath: gone, dstType: 'any', dstName: 'sub/new', delete: true };
    await from.api.send({ ...base, data: 'g', binary, withFile });
    await waitFor(() => got.length === 2, { what: 'two messages' });
    await waitFor(() => !existsSync(gone), { what: 'the file to be deleted' });
    assert.equal(readFileSync(join(to.received, 'sub/new'), 'utf8'), 'soon gone');
    assert.deepEqual(readFileSync(join(to.received, 'kept.bin')), readFileSync(kept));
    assert.deepEqual(got[1]?.binary, binary);
    assert.equal(got[0]?.binary, undefined);
    assert.equal(got[0]?.withFile?.['dst_name'], 'kept.bin');
    const missing = { ...base, withFile: { srcPath: '/not/there', dstType: 'any' } };
    await rejectsWith(from.api.send(missing), 'AIOC_FILE_MISSING', /not\/there/);
    await from.api.send({ ...base, data: 'after' });
    await waitFor(() => got.length === 3, { what: 'the message after' });
    assert.equal(got[2]?.text(), 'after');
  }
}

async function pieces(t: TestContext, { server, client }: World): Promise<void> {
  const got = await collect(t, server.api, 'event');
  const path = join(tempDir(t), 'large.bin');
  writeFileSync(path, Buffer.from(Array.from({ length: 11_500 }, (_, index) => index % 251)));
  const api = await ConnectorAPI.fromConfig(client.config, { maxSizeChunkUpload: 1_000 });
  t.after(() => api.close());
  await api.send({
    messageType: 'event',
    data: 'p',
    withFile: { srcPath: path, dstType: 'any', delete: true },
  });
  const arrived = join(server.received, 'large.bin');
  await waitFor(() => got.length === 12 && existsSync(arrived), { what: 'twelve pieces and the file' });
  await waitFor(() => readFileSync(arrived).equals(readFileSync(path)), { what: 'the whole file' });
  assert.ok(existsSync(path), 'the original stays');
}

async function pythonPrograms(t: TestContext, world: World): Promise<void> {
  for (const { name, from, to, fromId, toId } of directions(world)) {
    const program = await startPythonApiProgram(t, world.python, {
      config: to.configFile,
      listenType: 'other',
    });
    const ask = { messageType: 'other', destinationId: toId, data: { n: name }, binary: Buffer.from('b') };
    const answer = await from.api.request({ ...ask, timeoutMs: 10_000 });
    assert.deepEqual(answer.json(), { echo: { n: name }, from: fromId });
    assert.equal(answer.binary?.toString(), 'b');
    await from.api.send({ ...ask, data: 'told' });
    await waitFor(() => program.told.some(({ data }) => data === 'told'), { what: 'Python to be told' });

    const listener = await from.api.listen('event', (message) =>
      message.reply({ got: message.json() }, message.binary && { binary: message.binary }),
    );
    t.after(() => listener.stop());
    program.send({
      message_type: 'event',
      destination_id: fromId,
      data: [1, 2],
      binary: 'ff00',
      await_response: true,
      request_id: 5,
    });
    const told = await waitFor(() => program.told.find(({ response }) => response), {
      what: 'the response at Python',
    });
    assert.equal(told.data, '{"got":[1,2]}');
    assert.equal(told.binary, 'ff00');
    assert.equal(told.response?.['response_id'], 5);
    await program.stop();
  }
}

async function oneListener(t: TestContext, { python, server }: World): Promise<void> {
  const program = await startPythonApiProgram(t, python, { config: server.configFile, listenType: 'other' });
  const taken = server.api.listen('other', () => undefined);
  await rejectsWith(taken, 'AIOC_LISTENER_TAKEN', /other/);
  await program.stop();
  const listener = await server.api.listen('other', () => undefined);
  await rejectsWith(
    server.api.listen('other', () => undefined),
    'AIOC_LISTENER_TAKEN',
    /other/,
  );
  await listener.stop();
  await listener.closed;
  await startPythonApiProgram(t, python, { config: server.configFile, listenType: 'other' });
}

async function commands(_t: TestContext, world: World): Promise<void> {
  const { server, client, serverId, clientId } = world;
  assert.deepEqual(Object.keys(await server.tool.showConnectedPeers()), [clientId]);
  const port = Number(serverId.match(/\d+(?=\)$)/)?.[0]);
  assert.deepEqual(await client.tool.showConnectedPeers(), { [serverId]: ['127.0.0.1', port] });
  assert.deepEqual(await server.tool.peekQueues(), { queueRecv: 0, queueSend: { [clientId]: 0 } });
  assert.equal(await server.tool.ignorePeerTrafficShow(), false);
  assert.deepEqual(await server.tool.ignorePeerTrafficEnableUnique('client9'), ['client9']);
  assert.deepEqual(await server.tool.ignorePeerTrafficShow(), ['client9']);
  assert.equal(await server.tool.ignorePeerTrafficEnable(), true);
  assert.equal(await server.tool.ignorePeerTrafficDisable(), false);
  assert.equal(await server.tool.showLogLevel(), 'INFO');
  assert.equal(await server.tool.setLogLevel('DEBUG'), 'DEBUG');
  assert.equal(await server.tool.setLogLevel('INFO'), 'INFO');
  assert.equal(await server.tool.addBlacklistClient({ clientIp: '10.0.0.9' }), true);
  assert.equal(await server.tool.removeBlacklistClient({ clientIp: '10.0.0.9' }), true);
  assert.equal(await server.tool.addBlacklistClient({ clientId: 'no-one' }), true);
  assert.equal(await server.tool.removeBlacklistClient({ clientId: 'no-one' }), true);
  assert.deepEqual(await server.tool.showSubscribeMessageTypes(), []);
  assert.equal(await server.tool.deletePreviousPersistenceRemains(), true);
  assert.match(await server.tool.showAttribute('recv_message_types'), /^\['event', 'order', 'other'/);
  await rejectsWith(server.tool.disconnectClient('nobody'), 'AIOC_COMMAND', /Non existing client nobody/);
  await rejectsWith(client.tool.disconnectClient(clientId), 'AIOC_COMMAND', /only a server/);
  const unknown = server.tool.command('no_such_command', {}, { timeoutMs: 300 });
  await rejectsWith(unknown, 'AIOC_TIMEOUT', /no_such_command/);
}

async function restarted(t: TestContext, { server, client, serverId, clientId }: World): Promise<void> {
  const got = await collect(t, server.api, 'event');
  await client.api.send({ messageType: 'event', data: 'before' });
  await waitFor(() => got.length === 1, { what: 'the message before' });
  assert.deepEqual([await client.tool.stop(), await client.tool.start()], [true, true]);
  await waitFor(async () => serverId in (await client.tool.showConnectedPeers()), {
    timeoutMs: 20_000,
    what: 'the client to be back',
  });
  await waitFor(async () => clientId in (await server.tool.showConnectedPeers()), { what: 'the server' });
  await client.api.send({ messageType: 'event', data: 'after' });
  await waitFor(() => got.length === 2, { what: 'the message after' });
  assert.equal(got[1]?.text(), 'after');
}

async function peerGone(t: TestContext, { server, client, serverId, clientId }: World): Promise<void> {
  const listener = await client.api.listen('event', () => undefined);
  t.after(() => listener.stop());
  const request = server.api.request({ messageType: 'event', destinationId: clientId, data: 'x' });
  const failed = rejectsWith(request, 'AIOC_RESPONSE_LOST', /disconnected_during_wait/);
  await waitFor(async () => (await client.tool.peekQueues()).queueRecv === 0, { what: 'it to be delivered' });
  await client.connector.stop();
  await deadline(failed, 20_000, 'the request to fail');
  await rejectsWith(client.api.send({ messageType: 'event', data: 'x' }), 'AIOC_CONNECTOR_AWAY', /edge1/);
  assert.equal(serverId in (await server.tool.showConnectedPeers()), false);
}
