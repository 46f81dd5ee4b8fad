import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../../engine/api/connector-api.ts';
import { ConnectorLocator } from '../../../engine/api/connector-locator.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { sendSocketPath } from '../../../engine/local/socket-names.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import { FakeConnector, type FakeConnectorOptions, textFrame } from '../../helpers/fake-connector.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;
const event = { messageType: 'event' } as const;

async function start(
  t: TestContext,
  fake: Partial<FakeConnectorOptions> = {},
  own: Partial<ConstructorParameters<typeof ConnectorAPI>[0]> = {},
) {
  const directory = tempDir(t);
  const options = { directory, owner, ...fake };
  const connector = await FakeConnector.start(t, options);
  const api = new ConnectorAPI({ clientName: 'edge', connectorFilesDirpath: directory, ...own });
  t.after(() => api.close());
  return { directory, options, connector, api };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

test('messages go in the order of the calls over one kept connection, also those with files', async (t) => {
  const { connector, api, directory } = await start(t);
  const srcPath = join(directory, 'file');
  writeFileSync(srcPath, 'x');
  const withFile = { srcPath, dstType: 'any' };
  await Promise.all(
    numbers(300).map((data, index) => api.send({ ...event, data, ...(index % 7 === 0 && { withFile }) })),
  );
  await waitFor(() => connector.frames.length === 300, { what: '300 frames' });
  assert.deepEqual(connector.texts, numbers(300));
  assert.equal(connector.connections, 1);
});

test('each message has its own connection when that is asked for', async (t) => {
  const { connector, api } = await start(t, {}, { udsPathSendPreserveSocket: false });
  for (const data of numbers(5)) await api.send({ ...event, data });
  await waitFor(() => connector.frames.length === 5, { what: 'five frames' });
  assert.equal(connector.connections, 5);
});

test('the header says all that the connector needs to know', async (t) => {
  const { connector, api, directory } = await start(t, {}, { serverSockaddr: ['10.0.0.1', 99] });
  writeFileSync(join(directory, 'a b'), 'x');
  await api.send({
    ...event,
    data: { a: 'ü' },
    binary: Buffer.from('b'),
    requestId: 1,
    responseId: 'r',
    waitForAck: true,
    tag: 't-1',
    withFile: { srcPath: join(directory, 'a b'), dstType: 'any', dstName: 'n', delete: true },
  });
  const frame = await waitFor(() => connector.frames[0], { what: 'a frame' });
  assert.deepEqual(frame.header, {
    message_type: 'event',
    source_id: 'edge',
    destination_id: "('10.0.0.1', 99)",
    request_id: 1,
    response_id: 'r',
    with_binary: true,
    wait_for_ack: true,
    tag: 't-1',
    with_file: { src_path: join(directory, 'a b'), dst_type: 'any', dst_name: 'n', delete: true },
  });
  assert.equal(frame.data.toString(), '{"a":"ü"}');
  assert.equal(frame.binary.toString(), 'b');
});

test('a connector that was restarted is found again, and one that is gone is named', async (t) => {
  const { connector, options, api } = await start(t);
  await api.send({ ...event, data: 'before' });
  await waitFor(() => connector.frames.length === 1, { what: 'the first frame' });
  connector.stop();
  const away = await rejectsWith(
    api.send({ ...event, data: 'lost' }),
    'AIOC_CONNECTOR_AWAY',
    /edge is not running here: start it, or give its configuration file/,
  );
  assert.match(away.message, /uds_path_send_to_connector_client_edge/);
  const next = await FakeConnector.start(t, options);
  await api.send({ ...event, data: 'after' });
  await waitFor(() => next.frames.length === 1, { what: 'the frame after' });
  assert.deepEqual(next.texts, ['after']);
});

test('a connector that does not read is waited for, within bounds, and waiting can be cancelled', async (t) => {
  const { api } = await start(t, { deaf: true });
  const data = Buffer.alloc(4 * 1024 * 1024);
  const stop = new AbortController();
  const sends = Array.from({ length: LIMITS.outboxBytes / data.length }, () =>
    api.send({ ...event, data, signal: stop.signal }),
  );
  await rejectsWith(api.send({ ...event, data }), 'AIOC_QUEUE_FULL', /await some of the sends/);
  const quick = api.send({ ...event, data: '', signal: AbortSignal.timeout(20) });
  await rejectsWith(quick, 'AIOC_CANCELLED', /before the connector received it/);
  stop.abort();
  const results = await Promise.allSettled(sends);
  for (const result of results) {
    assert.ok(result.status === 'rejected');
    assert.equal(result.reason.code, 'AIOC_CANCELLED');
  }
});

test('what cannot be sent is refused before anything goes out', async (t) => {
  const { connector, api, directory } = await start(t, {}, { sendMessageTypes: ['event'] });
  await rejectsWith(api.send({ messageType: 'other' }), 'AIOC_TYPE_UNKNOWN', /send_message_types/);
  await rejectsWith(api.send({ ...event, tag: 'no blanks' }), 'AIOC_NAME_BAD', /tag/);
  await rejectsWith(api.send({ ...event, data: () => 1 }), 'AIOC_FRAME_BAD', /function/);
  const folder = { srcPath: directory, dstType: 'any' };
  await rejectsWith(api.send({ ...event, withFile: folder }), 'AIOC_FILE_UNREADABLE', /regular file/);
  const server = new ConnectorAPI({ isServer: true, serverSockaddr: ['::1', 1] });
  await rejectsWith(server.send(event), 'AIOC_NAME_BAD', /destinationId/);
  assert.throws(() => new ConnectorAPI({}), /clientName is missing/);
  assert.throws(() => new ConnectorAPI({ isServer: true }), /serverSockaddr/);
  assert.equal(connector.frames.length, 0);
});

test('a request has an id and gives the response, or says why there is none', async (t) => {
  const answers = (frame: Frame): Buffer | undefined => {
    const id = frame.header['request_id'] ?? null;
    if (frame.data.toString() === 'broken') {
      return textFrame('{}', { error: 'disconnected_during_wait', message_type: undefined as never });
    }
    return frame.data.toString() === 'silent' ? undefined : textFrame('[1]', { response_id: id });
  };
  const { connector, api } = await start(t, {
    onFrame: (frame, socket) => {
      if (frame.data.toString() === 'unknown') socket.end();
      return answers(frame);
    },
  });
  const response = await api.request({ ...event, data: 'x' });
  assert.deepEqual(response.json(), [1]);
  assert.match(String(connector.frames[0]?.header['request_id']), /^[0-9a-f]{16}$/);
  assert.equal(response.responseId, connector.frames[0]?.header['request_id']);
  assert.equal(connector.frames[0]?.header['await_response'], true);
  const ask = (data: string) => api.request({ ...event, data, destinationId: 'p', timeoutMs: 50 });
  await rejectsWith(ask('broken'), 'AIOC_RESPONSE_LOST', /disconnected_during_wait/);
  await rejectsWith(ask('silent'), 'AIOC_TIMEOUT', /p did not respond within 50 ms/);
  connector.stop();
  await rejectsWith(ask('x'), 'AIOC_CONNECTOR_AWAY', /edge/);
});

test('a connection that closes without a response means that nobody was asked', async (t) => {
  const { api } = await start(t, {
    onFrame: (_frame, socket) => {
      socket.end();
      return undefined;
    },
  });
  await rejectsWith(
    api.request({ ...event, destinationId: 'who' }),
    'AIOC_PEER_UNKNOWN',
    /no connected peer who/,
  );
});

test('a large file goes in numbered pieces that hold all of it', async (t) => {
  const { connector, api, directory } = await start(t, {}, { maxSizeChunkUpload: 100 });
  const srcPath = join(tempDir(t), 'big');
  writeFileSync(srcPath, Buffer.from(Array.from({ length: 1_001 }, (_, index) => index % 256)));
  await api.send({ ...event, data: 'd', withFile: { srcPath, dstType: 'any', delete: true } });
  await waitFor(() => connector.frames.length === 11, { what: 'eleven pieces' });
  const files = connector.frames.map(({ header }) => header['with_file'] as Record<string, unknown>);
  assert.deepEqual(
    files.map((file) => file['chunked']),
    numbers(11).map((index) => ['big__aioconnectors_chunk', Number(index) + 1, 11]),
  );
  assert.equal(files[0]?.['dst_name'], 'big__aioconnectors_chunk_01_11');
  assert.ok(files.every((file) => file['delete'] === true));
  const joined = Buffer.concat(files.map((file) => readFileSync(String(file['src_path']))));
  assert.deepEqual(joined, readFileSync(srcPath));
  const inside = { srcPath, dstType: 'any', dstName: 'a/b' };
  await rejectsWith(api.send({ ...event, withFile: inside }), 'AIOC_FILE_NAME_BAD', /remove the \//);
  const before = readdirSync(directory).length;
  connector.stop();
  const failed = api.send({ ...event, withFile: { srcPath, dstType: 'any' } });
  await rejectsWith(failed, 'AIOC_CONNECTOR_AWAY', /edge/);
  // The sockets of the connector went meanwhile.
  assert.ok(readdirSync(directory).length <= before, 'pieces that nobody will read are removed');
});

test('a connector is looked for in the usual directories, and a socket without one is passed over', async (t) => {
  const [empty, dead, live] = ['a', 'b', 'c'].map((name) => join(tempDir(t), name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [empty, dead]) mkdirSync(directory);
  writeFileSync(sendSocketPath(dead, owner), '');
  await FakeConnector.start(t, { directory: live, owner });
  const locator = new ConnectorLocator({ clientName: 'edge' }, [empty, dead, live]);
  assert.equal(await locator.directory(), live);
  (await locator.connect(sendSocketPath)).destroy();
  const nowhere = new ConnectorLocator({ clientName: 'edge' }, [empty, dead]);
  assert.equal(await nowhere.directory(), empty);
  await rejectsWith(
    nowhere.connect(sendSocketPath),
    'AIOC_CONNECTOR_AWAY',
    /no such socket.*nothing answers/,
  );
});

test('a configuration of Python’s says which connector it is', async (t) => {
  const directory = tempDir(t);
  const connector = await FakeConnector.start(t, { directory, owner });
  const config = {
    is_server: false,
    client_name: 'edge',
    server_sockaddr: ['127.0.0.1', 10673],
    connector_files_dirpath: directory,
    send_message_types: ['event'],
    // The connector's own business.
    use_token: true,
  };
  const file = join(directory, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  for (const source of [config, file]) {
    const api = await ConnectorAPI.fromConfig(source);
    t.after(() => api.close());
    await api.send({ ...event, data: 'x' });
    await rejectsWith(api.send({ messageType: 'other' }), 'AIOC_TYPE_UNKNOWN', /other/);
  }
  await waitFor(() => connector.frames.length === 2, { what: 'two frames' });
  assert.equal(connector.frames[0]?.header['destination_id'], "('127.0.0.1', 10673)");
  await rejectsWith(ConnectorAPI.fromConfig({ ...config, use_sll: false }), 'AIOC_CONFIG', /use_ssl/);
});
