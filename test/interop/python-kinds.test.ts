import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configuredPair, configuredSide, makeCertificates } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PATIENT = { timeoutMs: 20_000 };
/** Everybody may send is a test of its own: root's connectors then read no file of a Python program's user alone. */
const TYPES = {
  send_message_types: ['any', 'other'],
  recv_message_types: ['any', 'other'],
  everybody_can_send_messages: false,
};
const BINARY = Buffer.from([0, 1, 2, 255, 254, 10, 13]).toString('hex');

interface Heard {
  readonly header: Readonly<Record<string, unknown>>;
  readonly data: string;
  readonly binary: string;
}

async function pythonOrSkip(t: TestContext): Promise<PythonPeer | undefined> {
  const found = await findPython();
  if (!('unavailable' in found)) return found;
  t.skip(found.unavailable);
  return undefined;
}

async function listening(t: TestContext, python: PythonPeer, config: string): Promise<PythonProgram> {
  const program = new PythonProgram(t, python, config);
  for (const message_type of TYPES.recv_message_types) await program.do('listen', { message_type });
  return program;
}

const messagesOf = async (program: PythonProgram, message_type = 'any'): Promise<readonly Heard[]> =>
  (await program.do('messages_of', { message_type })) as Heard[];

/** The messages that come while something is done, when there are as many as expected and no more. */
async function heardDuring(
  program: PythonProgram,
  count: number,
  action: () => Promise<unknown>,
): Promise<readonly Heard[]> {
  const before = (await messagesOf(program)).length;
  await action();
  await waitFor(async () => (await messagesOf(program)).length >= before + count, {
    ...PATIENT,
    what: `${count} messages`,
  });
  const heard = (await messagesOf(program)).slice(before);
  assert.equal(heard.length, count);
  return heard;
}

interface Way {
  readonly from: PythonProgram;
  readonly to: PythonProgram;
  readonly destination: string;
}

const send = ({ from, destination }: Way, message: Readonly<Record<string, unknown>>): Promise<unknown> =>
  from.do('send', { message_type: 'any', data_is_json: false, destination_id: destination, ...message });

/** Each kind of message that Python's API has, one way. */
async function eachKind(way: Way): Promise<void> {
  const othersBefore = (await messagesOf(way.to, 'other')).length;
  const [json, text, binary, empty] = await heardDuring(way.to, 4, async () => {
    await send(way, { data: { a: [1, 'é', null] }, data_is_json: true, request_id: 'r-1' });
    await send(way, { data: 'naïve ✓', response_id: 5 });
    await send(way, { data: 'with binary', binary: BINARY, wait_for_ack: true });
    await send(way, { data: '', wait_for_ack: true });
    await send(way, { data: 'elsewhere', message_type: 'other' });
  });
  assert.deepEqual(JSON.parse(json?.data ?? ''), { a: [1, 'é', null] });
  assert.equal(json?.header['request_id'], 'r-1');
  assert.equal(text?.data, 'naïve ✓');
  assert.equal(text?.header['response_id'], 5);
  assert.deepEqual([binary?.data, binary?.binary], ['with binary', BINARY]);
  assert.ok(!('transport_id' in (binary?.header ?? {})), 'what only connectors need is gone');
  assert.deepEqual([empty?.data, empty?.binary], ['', '']);
  await waitFor(async () => (await messagesOf(way.to, 'other')).length === othersBefore + 1, {
    ...PATIENT,
    what: 'the other type',
  });
}

/** Files one way: alone and beside a binary, kept and deleted at the source. */
async function files(t: TestContext, way: Way, received: string, mark: string): Promise<void> {
  const directory = tempDir(t);
  const source = (name: string): string => join(directory, name);
  for (const name of ['kept', 'deleted', 'empty'])
    writeFileSync(source(name), name === 'empty' ? '' : `bytes of ${name}`);
  const withFile = (
    name: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> => ({
    with_file: { src_path: source(name), dst_type: 'any', dst_name: `${mark}-${name}`, ...more },
  });
  const heard = await heardDuring(way.to, 3, async () => {
    await send(way, { data: 'kept', ...withFile('kept', { delete: false }), binary: BINARY });
    await send(way, { data: 'deleted', ...withFile('deleted', { delete: true }) });
    await send(way, { data: 'empty', ...withFile('empty', { delete: false }) });
    await assert.rejects(
      send(way, { data: 'gone', ...withFile('missing') }),
      'Python’s own API raises there',
    );
  });
  assert.deepEqual(
    heard.map(({ data, binary }) => [data, binary]),
    [
      ['kept', BINARY],
      ['deleted', ''],
      ['empty', ''],
    ],
  );
  const arrived = (name: string): string => readFileSync(join(received, `${mark}-${name}`), 'utf8');
  assert.equal(arrived('kept'), 'bytes of kept');
  assert.equal(arrived('deleted'), 'bytes of deleted');
  assert.equal(arrived('empty'), '');
  assert.ok(existsSync(source('kept')));
  await waitFor(() => !existsSync(source('deleted')), { what: 'the source to be deleted' });
}

const fileConfig = (directory: string): Readonly<Record<string, unknown>> => ({
  file_recv_config: { any: { target_directory: directory, owner: null, override_existing: false } },
});

for (const preserve of [true, false]) {
  test(`each kind of message and of file between Python programs on aioc connectors, preserve_socket ${preserve}`, async (t) => {
    const python = await pythonOrSkip(t);
    if (python === undefined) return;
    const received = tempDir(t);
    const { server, client } = await configuredPair(t, 'mutual-tls', {
      ...TYPES,
      ...fileConfig(received),
      uds_path_receive_preserve_socket: preserve,
      uds_path_send_preserve_socket: preserve,
    });
    const atServer = await listening(t, python, server.configPath);
    const atClient = await listening(t, python, client.configPath);
    const up = { from: atClient, to: atServer, destination: `('127.0.0.1', ${server.status().port})` };
    const down = { from: atServer, to: atClient, destination: 'client1' };
    for (const [way, mark] of [
      [up, 'up'],
      [down, 'down'],
    ] as const) {
      await eachKind(way);
      await files(t, way, received, mark);
    }
  });
}

test('where root lets everybody send, a Python program’s file goes if all may read it, and stays here anyway', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const received = tempDir(t);
  const config = { ...TYPES, ...fileConfig(received), everybody_can_send_messages: true };
  const { server, client } = await configuredPair(t, 'plain', config);
  const atServer = await listening(t, python, server.configPath);
  const atClient = await listening(t, python, client.configPath);
  const up = { from: atClient, to: atServer, destination: `('127.0.0.1', ${server.status().port})` };
  const directory = tempDir(t);
  chmodSync(directory, 0o711);
  const sent = (name: string, mode: number): Readonly<Record<string, unknown>> => {
    const path = join(directory, name);
    writeFileSync(path, name);
    chmodSync(path, mode);
    return { with_file: { src_path: path, dst_type: 'any', dst_name: name, delete: true } };
  };
  const heard = await heardDuring(atServer, 2, async () => {
    await send(up, { data: 'open', ...sent('open', 0o644), binary: BINARY });
    await send(up, { data: 'closed', ...sent('closed', 0o600), binary: BINARY });
  });
  const isRoot = process.geteuid?.() === 0;
  assert.deepEqual(
    heard.map(({ data, binary }) => [data, binary]),
    [
      ['open', BINARY],
      ['closed', BINARY],
    ],
  );
  assert.equal(readFileSync(join(received, 'open'), 'utf8'), 'open');
  assert.equal(existsSync(join(received, 'closed')), !isRoot);
  if (!isRoot) return;
  assert.match(JSON.stringify(heard[1]?.header['with_file']), /file_error.*everybody_can_send_messages/);
  await waitFor(() => client.queues().every(({ depth }) => depth === 0), { what: 'the acknowledgements' });
  for (const name of ['open', 'closed']) assert.ok(existsSync(join(directory, name)), name);
});

test('what no connector may send is dropped and named: an unknown type, an unknown peer', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  // What is not stored does not wait for somebody who has never been there.
  const config = { ...TYPES, disk_persistence_send: false };
  const { server, client } = await configuredPair(t, 'mutual-tls', config);
  const atServer = await listening(t, python, server.configPath);
  const atClient = await listening(t, python, client.configPath);
  const up = { from: atClient, to: atServer, destination: 'whatever a client says' };
  await heardDuring(atServer, 1, async () => {
    await send(up, { message_type: 'unheard-of', data: 'x' });
    await send(up, { data: 'y' });
  });
  const named = (side: typeof server, text: RegExp): Promise<unknown> =>
    waitFor(() => side.log().some((row) => text.test(row.text)), { what: String(text) });
  await named(client, /the type unheard-of is not in send_message_types/);
  await send({ from: atServer, to: atClient, destination: 'nobody' }, { data: 'x' });
  await named(server, /there is no peer named nobody/);
});

test('a request whose peer goes away is answered with Python’s error', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const { server, client } = await configuredPair(t, 'mutual-tls', TYPES);
  const atServer = await listening(t, python, server.configPath);
  const atClient = await listening(t, python, client.configPath);
  const way = { from: atServer, to: atClient, destination: 'client1' };
  let answer: Promise<unknown> | undefined;
  await heardDuring(atClient, 1, async () => {
    answer = send(way, { data: 'ask', await_response: true, request_id: 3 });
  });
  await client.engine.stop({ hard: true });
  assert.deepEqual((await answer) as object, {
    header: { error: 'disconnected_during_wait' },
    data: '{}',
    binary: '',
  });
});

/**
 * At the pace that Python's own sending over TLS stands (PROTOCOL §9).
 *
 * @param ordered not where a connector of Python's delivers: those do it out of order now and then
 */
async function numbers(way: Way, count: number, { ordered }: { readonly ordered: boolean }): Promise<void> {
  await way.from.do('send_numbers', {
    message_type: 'any',
    count,
    destination: way.destination,
    pause: 0.005,
  });
  const wanted = Array.from({ length: count }, (_, number) => number).join();
  const come = async (): Promise<boolean> => {
    const got = (await way.to.do('numbers_of', { message_type: 'any' })) as number[];
    return (ordered ? got : got.toSorted((a, b) => a - b)).join() === wanted;
  };
  await waitFor(come, { timeoutMs: 30_000, what: `${count} numbers${ordered ? ' in order' : ''}` });
}

interface Mixed {
  readonly up: Way;
  readonly down: Way;
  readonly serverReceived: string;
  readonly clientReceived: string;
  readonly pythonIs: 'server' | 'client';
}

async function exchange(t: TestContext, mixed: Mixed): Promise<void> {
  const { up, down, serverReceived, clientReceived, pythonIs } = mixed;
  await eachKind(up);
  await eachKind(down);
  await files(t, up, serverReceived, 'up');
  await files(t, down, clientReceived, 'down');
  await numbers(up, 600, { ordered: pythonIs === 'client' });
  await numbers(down, 600, { ordered: pythonIs === 'server' });
}

test('an aioc server and a Python client connector in mutual TLS, from its first certificate on and again later', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const [home, clientHome, serverReceived, clientReceived] = [tempDir(t), tempDir(t), tempDir(t), tempDir(t)];
  await makeCertificates(home, clientHome);
  const port = await freePort();
  const common = { ...TYPES, server_sockaddr: ['127.0.0.1', port] };
  const server = await configuredSide(t, { ...common, is_server: true, ...fileConfig(serverReceived) }, home);
  await server.engine.start();
  const clientConfig = {
    ...common,
    ...fileConfig(clientReceived),
    is_server: false,
    client_name: 'client1',
    certificates_directory_path: clientHome,
  };
  const connected = (): Promise<unknown> =>
    waitFor(() => server.peers()[0]?.state === 'connected', { ...PATIENT, what: 'the Python client' });
  const first = startPythonConnector(t, python, clientConfig);
  await connected();
  assert.ok(existsSync(join(clientHome, 'certificates/client/client-certs/client1.pem')));
  const atServer = await listening(t, python, server.configPath);
  const destination = `('127.0.0.1', ${port})`;
  const atFirst = await listening(t, python, join(first.directory, 'config.json'));
  await exchange(t, {
    up: { from: atFirst, to: atServer, destination },
    down: { from: atServer, to: atFirst, destination: 'client1' },
    serverReceived,
    clientReceived,
    pythonIs: 'client',
  });
  await first.stop();
  await waitFor(() => server.peers()[0]?.state === 'away', { ...PATIENT, what: 'the client to be away' });
  const second = startPythonConnector(t, python, clientConfig);
  await connected();
  const atSecond = await listening(t, python, join(second.directory, 'config.json'));
  await eachKind({ from: atSecond, to: atServer, destination });
  await eachKind({ from: atServer, to: atSecond, destination: 'client1' });
});

test('a Python server connector and an aioc client in mutual TLS, from its first certificate on and again later', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const [home, clientHome, serverReceived, clientReceived] = [tempDir(t), tempDir(t), tempDir(t), tempDir(t)];
  await makeCertificates(home, clientHome);
  const port = await freePort();
  const common = { ...TYPES, server_sockaddr: ['127.0.0.1', port] };
  const server = startPythonConnector(t, python, {
    ...common,
    ...fileConfig(serverReceived),
    is_server: true,
    certificates_directory_path: home,
  });
  const client = await configuredSide(
    t,
    { ...common, ...fileConfig(clientReceived), is_server: false, client_name: 'client1' },
    clientHome,
  );
  await client.engine.start();
  const connected = (): Promise<unknown> =>
    waitFor(async () => client.peers()[0]?.kind === 'python' && 'client1' in (await server.peers()), {
      ...PATIENT,
      what: 'both to be connected',
    });
  await connected();
  const atServer = await listening(t, python, join(server.directory, 'config.json'));
  const atClient = await listening(t, python, client.configPath);
  const up = { from: atClient, to: atServer, destination: `('127.0.0.1', ${port})` };
  const down = { from: atServer, to: atClient, destination: 'client1' };
  await exchange(t, { up, down, serverReceived, clientReceived, pythonIs: 'server' });
  await client.engine.pause({ hard: false });
  await client.engine.start();
  await connected();
  await eachKind(up);
  await eachKind(down);
});
