/** Who a message is from, where a real Python connector is the peer: one that lies, and one that names itself otherwise. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, type ListenerMessage } from '../../engine/index.ts';
import {
  type ConfiguredSide,
  configuredPair,
  configuredSide,
  type Mode,
  makeCertificates,
} from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PATIENT = { timeoutMs: 40_000 };
const IMPERSONATOR = join(import.meta.dirname, 'impersonator.py');
const TYPES = { send_message_types: ['any', 'other'], recv_message_types: ['any', 'other'] };
/** No forged answer may come in this time; an honest one does. */
const SILENCE_MS = 2_000;

const modeKeys = (mode: Mode) => ({ use_ssl: mode !== 'plain', ssl_allow_all: mode === 'tls-allow-all' });
const fileConfig = (received: string) => ({
  file_recv_config: { any: { target_directory: join(received, '{source_id}'), override_existing: true } },
});

async function pythonOrSkip(t: TestContext): Promise<PythonPeer | undefined> {
  const found = await findPython();
  if (!('unavailable' in found)) return found;
  t.skip(found.unavailable);
  return undefined;
}

async function apiOf(t: TestContext, side: ConfiguredSide): Promise<ConnectorAPI> {
  const api = await ConnectorAPI.fromConfig(side.configPath);
  t.after(() => api.close());
  return api;
}

/** What programs hear of type `any`, as `who: what`. */
async function heardBy(t: TestContext, api: ConnectorAPI): Promise<readonly string[]> {
  const heard: string[] = [];
  const hear = async (message: ListenerMessage): Promise<void> => {
    heard.push(`${message.sourceId}: ${message.text()}`);
    if (message.header['await_response'] === true) await message.reply('an answer');
  };
  const listener = await api.listen('any', hear);
  t.after(() => listener.stop());
  return heard;
}

function logOf(directory: string): string {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('\n');
}

for (const mode of ['mutual-tls', 'plain'] satisfies Mode[]) {
  test(`${mode}: frames of a Python client under another name are dropped and counted; it stays connected`, async (t) => {
    const python = await pythonOrSkip(t);
    if (python === undefined) return;
    const [received, home, files] = [tempDir(t), tempDir(t), tempDir(t)];
    const { server, client } = await configuredPair(t, mode, { ...TYPES, ...fileConfig(received) });
    const clientPart = 'certificates/client/client-certs';
    if (mode === 'mutual-tls') {
      await cp(join(server.directory, 'certificates/client'), join(home, 'certificates/client'), {
        recursive: true,
      });
      assert.ok(!existsSync(join(home, clientPart, 'client1.key')), 'it has nothing of the other client');
    }
    const config = {
      ...{ ...TYPES, ...modeKeys(mode), is_server: false, client_name: 'mallory', send_timeout: 3 },
      ...{
        server_sockaddr: ['127.0.0.1', server.status().port],
        certificates_directory_path: home,
      },
    };
    const mallory = startPythonConnector(t, python, config, tempDir(t), [IMPERSONATOR, 'client1']);
    const row = () => server.peers().find(({ wireName }) => wireName === 'mallory');
    await waitFor(() => row()?.state === 'connected' && row()?.kind === 'python', {
      ...PATIENT,
      what: 'mallory',
    });
    const connectedSince = row()?.sinceMs;
    const api = await apiOf(t, server);
    const heard = await heardBy(t, api);
    const program = new PythonProgram(t, python, join(mallory.directory, 'config.json'));
    const send = (message: Readonly<Record<string, unknown>>): Promise<unknown> =>
      program.do('send', { message_type: 'any', data_is_json: false, ...message });
    const file = (name: string) => {
      writeFileSync(join(files, name), name);
      return {
        with_file: { src_path: join(files, name), dst_type: 'any', dst_name: name, delete: false },
      };
    };

    await send({ data: 'forged' });
    await send({ data: 'forged with a file', ...file('forged.txt') });
    await send({ data: 'forged request', await_response: true, await_response_timeout: 2, request_id: 1 });
    await send({ data: 'true with a file', ...file('true.txt') });
    await send({ data: 'true and acknowledged', wait_for_ack: true });
    await waitFor(() => /received ACK for transport id 1\b/.test(logOf(mallory.directory)), {
      ...PATIENT,
      what: 'the acknowledgement of what is true',
    });
    assert.equal(row()?.forgedIn, 3);

    await program.do('listen', { message_type: 'any', answer: 'forged answer' });
    await program.do('listen', { message_type: 'other', answer: 'a true answer' });
    const ask = (messageType: string) =>
      api.request({ messageType, destinationId: 'mallory', data: 'who are you?', timeoutMs: SILENCE_MS });
    await assert.rejects(ask('any'), { code: 'AIOC_TIMEOUT' });
    const answer = await ask('other');
    assert.deepEqual([answer.sourceId, answer.text()], ['mallory', 'a true answer']);
    assert.equal(row()?.forgedIn, 4);

    await send({ data: 'forged and to be acknowledged', wait_for_ack: true });
    await waitFor(() => /timed out waiting for ACK for transport id 2\b/.test(logOf(mallory.directory)), {
      ...PATIENT,
      what: 'Python to miss an acknowledgement',
    });
    assert.doesNotMatch(logOf(mallory.directory), /received ACK for transport id 2\b/);
    await send({ data: 'true again' });
    await (await apiOf(t, client)).send({ messageType: 'any', data: 'from the true client1' });
    const wanted = [
      'client1: from the true client1',
      'mallory: true again',
      'mallory: true and acknowledged',
      'mallory: true with a file',
    ];
    // What Python sends again for want of an acknowledgement is empty (PROTOCOL §2, transport_id).
    const told = (): string[] => heard.filter((line) => line !== 'mallory: ').sort();
    await waitFor(() => told().length >= wanted.length, { ...PATIENT, what: 'what is true' });
    assert.deepEqual(told(), wanted);
    assert.deepEqual(readdirSync(received), ['mallory']);
    assert.deepEqual(readdirSync(join(received, 'mallory')), ['true.txt']);
    assert.equal(row()?.forgedIn, 5);
    assert.deepEqual(
      [row()?.state, row()?.sinceMs],
      ['connected', connectedSince],
      'it has stayed connected',
    );
    const warnings = server.log().filter(({ text }) => /dropped: it claims to be "client1"/.test(text));
    assert.ok(warnings.length > 0);
    assert.ok(warnings.every(({ peerName, outcome }) => peerName === 'mallory' && outcome === 'warning'));
  });
}

/** How its server is bound, and how the client calls it. */
const ADDRESSES: readonly { readonly mode: Mode; readonly bound: string; readonly dialled: string }[] = [
  { mode: 'mutual-tls', bound: '0.0.0.0', dialled: '127.0.0.1' },
  { mode: 'tls-allow-all', bound: '0.0.0.0', dialled: '127.0.0.1' },
  { mode: 'plain', bound: '0.0.0.0', dialled: '127.0.0.1' },
  { mode: 'plain', bound: '127.0.0.1', dialled: 'localhost' },
];

for (const { mode, bound, dialled } of ADDRESSES) {
  test(`${mode}: a Python server bound to ${bound} is heard under the name of its client, ${dialled}`, async (t) => {
    const python = await pythonOrSkip(t);
    if (python === undefined) return;
    const [home, clientHome, received, files] = [tempDir(t), tempDir(t), tempDir(t), tempDir(t)];
    await makeCertificates(home, clientHome);
    const port = await freePort();
    const common = { ...TYPES, ...modeKeys(mode) };
    const server = startPythonConnector(t, python, {
      ...{ ...common, is_server: true, server_sockaddr: [bound, port] },
      certificates_directory_path: home,
    });
    const client = await configuredSide(
      t,
      {
        ...{ ...common, ...fileConfig(received), is_server: false, client_name: 'client1' },
        server_sockaddr: [dialled, port],
      },
      clientHome,
    );
    await client.engine.start();
    await waitFor(
      async () =>
        client.peers()[0]?.kind === 'python' && 'client1' in (await server.peers().catch(() => ({}))),
      { ...PATIENT, what: 'both to be connected' },
    );
    const name = `('${dialled}', ${port})`;
    assert.deepEqual(
      client.peers().map((row) => row.name),
      [name],
    );
    const api = await apiOf(t, client);
    const heard = await heardBy(t, api);
    const atServer = new PythonProgram(t, python, join(server.directory, 'config.json'));
    await atServer.do('listen', { message_type: 'other', answer: 'from the server' });
    const atClient = new PythonProgram(t, python, client.configPath);
    await atClient.do('listen', { message_type: 'other' });
    const send = (message: Readonly<Record<string, unknown>>): Promise<unknown> =>
      atServer.do('send', { ...DOWN, ...message });

    await send({ data: 'plain' });
    await send({ data: 'acknowledged', wait_for_ack: true });
    writeFileSync(join(files, 'a.txt'), 'bytes');
    await send({
      data: 'with a file',
      with_file: { src_path: join(files, 'a.txt'), dst_type: 'any', dst_name: 'a.txt', delete: false },
    });
    const response = await send({ data: 'request', await_response: true, request_id: 1 });
    assert.equal((response as { data: string }).data, 'an answer');
    const kinds = ['acknowledged', 'plain', 'request', 'with a file'];
    await waitFor(() => heard.length >= kinds.length, { ...PATIENT, what: 'what the server has said' });
    assert.deepEqual(
      heard.toSorted(),
      kinds.map((kind) => `${name}: ${kind}`),
    );
    assert.deepEqual(readdirSync(received), [name]);
    assert.equal(readFileSync(join(received, name, 'a.txt'), 'utf8'), 'bytes');

    await send({ message_type: 'other', data: 'to a Python program' });
    const toPython = await waitFor(
      async () => {
        const messages = await atClient.do('messages_of', { message_type: 'other' });
        return (messages as { header: Record<string, unknown> }[])[0];
      },
      { ...PATIENT, what: 'it at the Python program' },
    );
    assert.equal(toPython.header['source_id'], name);
    const answer = await api.request({ messageType: 'other', data: 'who?', timeoutMs: 20_000 });
    assert.deepEqual([answer.sourceId, answer.text()], [name, 'from the server']);
    assert.deepEqual(
      client.peers().map((row) => [row.state, row.forgedIn]),
      [['connected', undefined]],
    );
  });
}

const DOWN = { message_type: 'any', data_is_json: false, destination_id: 'client1' };
