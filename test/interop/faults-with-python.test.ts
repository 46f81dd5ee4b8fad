/** Links cut and connectors killed between ours and Python, or with Python's programs at the ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectorAPI } from '../../engine/index.ts';
import { FaultyRelay } from '../helpers/faulty-relay.ts';
import { freePort } from '../helpers/free-port.ts';
import { findPython } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { Side } from './matrix/side.ts';

const CUTS = 20;
const PER_CUT = 200;
const PATIENT = { timeoutMs: 60_000 };

test(`aioc to Python over a link that is cut ${CUTS} times: nothing is lost`, async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const port = await freePort();
  const relay = await FaultyRelay.start(port);
  t.after(() => relay.close());
  const common = { use_ssl: false, send_message_types: ['any'], recv_message_types: ['any'] };
  const server = new Side(t, {
    ...{ role: 'server', name: `('127.0.0.1', ${port})`, directory: tempDir(t), python: found },
    config: { ...common, is_server: true, server_sockaddr: ['127.0.0.1', port] },
  });
  const client = new Side(t, {
    ...{ role: 'client', name: 'edge-1', directory: tempDir(t) },
    config: {
      ...common,
      is_server: false,
      client_name: 'edge-1',
      server_sockaddr: ['127.0.0.1', relay.port],
    },
  });
  await server.start();
  await client.start();
  const atServer = new PythonProgram(t, found, server.configFile);
  await atServer.do('listen', { message_type: 'any' });
  const api = await ConnectorAPI.fromConfig(client.configFile);
  t.after(() => api.close());
  const got = async (): Promise<number[]> =>
    (await atServer.do('numbers_of', { message_type: 'any' })) as number[];
  for (let cut = 0; cut < CUTS; cut += 1) {
    const before = (await got()).length;
    for (let number = cut * PER_CUT; number < (cut + 1) * PER_CUT; number += 1)
      void api.send({ messageType: 'any', data: { number } });
    // In the middle of what has just been sent, and after the link has worked.
    await waitFor(async () => (await got()).length > before, {
      ...PATIENT,
      what: `messages before cut ${cut}`,
    });
    relay.cut();
  }
  const wanted = Array.from({ length: CUTS * PER_CUT }, (_, number) => number);
  await waitFor(async () => new Set(await got()).size === wanted.length, { ...PATIENT, what: 'all of them' });
  assert.deepEqual(
    [...new Set(await got())].toSorted((a, b) => a - b),
    wanted,
  );
  const { queueSend } = await (await client.tool()).peekQueues();
  assert.deepEqual(Object.values(queueSend), [0]);
});

test('Python programs at both ends of two aioc connectors, the receiving one killed in mid-stream: none lost, in order', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const COUNT = 5_000;
  const port = await freePort();
  const common = {
    ...{ use_ssl: false, send_message_types: ['any'], recv_message_types: ['any'] },
    server_sockaddr: ['127.0.0.1', port],
  };
  const server = new Side(t, {
    ...{ role: 'server', name: `('127.0.0.1', ${port})`, directory: tempDir(t) },
    config: { ...common, is_server: true },
  });
  const client = new Side(t, {
    ...{ role: 'client', name: 'edge-1', directory: tempDir(t) },
    config: { ...common, is_server: false, client_name: 'edge-1' },
  });
  await server.start();
  await client.start();
  const atServer = new PythonProgram(t, found, server.configFile);
  const atClient = new PythonProgram(t, found, client.configFile);
  await atServer.do('listen', { message_type: 'any' });
  const got = async (): Promise<number[]> =>
    (await atServer.do('numbers_of', { message_type: 'any' })) as number[];
  const sent = atClient.do('send_numbers', { message_type: 'any', count: COUNT });
  let kills = 0;
  for (const share of [0.1, 0.4, 0.7]) {
    await waitFor(async () => (await got()).length > share * COUNT, { ...PATIENT, what: `${share} of them` });
    await server.kill();
    await server.start();
    kills += 1;
  }
  assert.equal(await sent, COUNT);
  await waitFor(async () => new Set(await got()).size === COUNT, { ...PATIENT, what: 'all of them' });
  const all = await got();
  assert.deepEqual(
    [...new Set(all)],
    Array.from({ length: COUNT }, (_, number) => number),
    'first arrivals are in order',
  );
  assert.ok(all.length - COUNT <= kills, `${all.length - COUNT} came twice in ${kills} kills`);
});
