import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuredPair } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { findPython } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const COUNT = 20_000;
/** How fast they go is the machine's business; that they stand still is ours. */
const STILL_MS = 30_000;
const NUMBERS = Array.from({ length: COUNT }, (_, number) => number);

test('Python programs at both ends of two aioc connectors over mutual TLS: 20,000 each way, none lost, late or twice', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const { server, client } = await configuredPair(t, 'mutual-tls');
  const atServer = new PythonProgram(t, found, server.configPath);
  const atClient = new PythonProgram(t, found, client.configPath);
  await atServer.do('listen', { message_type: 'any' });
  await atClient.do('listen', { message_type: 'any' });
  const sent = await Promise.all([
    atServer.do('send_numbers', { message_type: 'any', count: COUNT, destination: 'client1' }),
    atClient.do('send_numbers', { message_type: 'any', count: COUNT }),
  ]);
  assert.deepEqual(sent, [COUNT, COUNT]);
  for (const program of [atServer, atClient]) {
    // The count alone: a program that tells the numbers again and again has no time to receive them.
    let [count, sinceMs] = [0, Date.now()];
    await waitFor(
      async () => {
        const now = (await program.do('count_of', { message_type: 'any' })) as number;
        if (now > count) [count, sinceMs] = [now, Date.now()];
        return count >= COUNT || Date.now() - sinceMs > STILL_MS;
      },
      { timeoutMs: 150_000, what: 'all of them, or a standstill' },
    );
    const got = (await program.do('numbers_of', { message_type: 'any' })) as number[];
    assert.equal(got.length, COUNT, `${got.length} came, then none for ${STILL_MS / 1000} s`);
    assert.deepEqual(got, NUMBERS);
  }
});

test('a request of a Python program is answered by one at the other end, both ways', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const { server, client } = await configuredPair(t, 'mutual-tls');
  const atServer = new PythonProgram(t, found, server.configPath);
  const atClient = new PythonProgram(t, found, client.configPath);
  await atServer.do('listen', { message_type: 'any', answer: 'from the server' });
  await atClient.do('listen', { message_type: 'any', answer: 'from the client' });
  const request = {
    data: 'ask',
    data_is_json: false,
    message_type: 'any',
    await_response: true,
    request_id: 7,
  };
  const atHome = (await atClient.do('send', request)) as { data: string; header: Record<string, unknown> };
  assert.equal(atHome.data, 'from the server');
  assert.equal(atHome.header['response_id'], 7);
  const away = (await atServer.do('send', { ...request, destination_id: 'client1' })) as { data: string };
  assert.equal(away.data, 'from the client');
});

test('a Python program that asks with 2 ** 100 as its request_id is answered by aioc listen --reply', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const { server, client } = await configuredPair(t, 'plain');
  const home = tempDir(t);
  const listener = new Daemon(t, ['listen', server.configPath, '--reply', 'pong', '--count', '1'], home);
  const handler = new PythonProgram(t, found, client.configPath);
  const answer = (await handler.do('ask_with_power_of_two', { exponent: 100 })) as Record<string, unknown>;
  assert.deepEqual(answer, { data: 'pong', same_id: true });
  const { exitCode, output, errors } = await listener.finished();
  assert.equal(exitCode, 0, errors);
  assert.match(output, /"request_id":1267650600228229401496703205376,/);
});
