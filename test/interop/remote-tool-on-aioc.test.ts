import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import {
  type ConfiguredPair,
  type ConfiguredSide,
  configuredPair,
  configuredSide,
} from '../helpers/configured-connectors.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

/** An aioc server and an aioc client in mutual TLS, and on each a program that uses Python's own tool. */
interface Tools extends ConfiguredPair {
  readonly python: PythonPeer;
  readonly onServer: PythonProgram;
  readonly onClient: PythonProgram;
}

const TYPES = { send_message_types: ['any', 'type1'], recv_message_types: ['any', 'type1'] };
const PATIENT = { timeoutMs: 20_000 };

async function toolsOrSkip(
  t: TestContext,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Tools | undefined> {
  const python = await findPython();
  if ('unavailable' in python) {
    t.skip(python.unavailable);
    return undefined;
  }
  const pair = await configuredPair(t, 'mutual-tls', { ...TYPES, ...config });
  const onServer = new PythonProgram(t, python, pair.server.configPath);
  const onClient = new PythonProgram(t, python, pair.client.configPath);
  return { ...pair, python, onServer, onClient };
}

const tool = (program: PythonProgram, name: string, ...args: readonly unknown[]): Promise<unknown> =>
  program.do('tool', { name, args });

const stateAt = (server: ConfiguredSide, name: string): string | undefined =>
  server.peers().find(({ wireName }) => wireName === name)?.state;

const connectedAt = (server: ConfiguredSide, name: string): Promise<unknown> =>
  waitFor(() => stateAt(server, name) === 'connected', { ...PATIENT, what: `${name} to be connected` });

const awayAt = (server: ConfiguredSide, name: string): Promise<unknown> =>
  waitFor(() => stateAt(server, name) === 'away', { ...PATIENT, what: `${name} to be away` });

const dial = (client: ConfiguredSide): Promise<unknown> => client.engine.engine.execute({ kind: 'dial.now' });

const logs = (side: ConfiguredSide, text: string | RegExp): boolean =>
  side.log().some((row) => `${row.peerName} ${row.text}`.match(text) !== null);

test('what Python’s tool asks for has its effect: ignoring, the log’s level, queues, attributes', async (t) => {
  const tools = await toolsOrSkip(t);
  if (tools === undefined) return;
  const { server, onServer, onClient } = tools;
  await onServer.do('listen', { message_type: 'any' });
  const send = (number: number): Promise<unknown> =>
    onClient.do('send_numbers', { message_type: 'any', count: 1, first: number });
  const got = async (): Promise<unknown> => onServer.do('numbers_of', { message_type: 'any' });
  const arrived = (numbers: readonly number[]): Promise<unknown> =>
    waitFor(async () => JSON.stringify(await got()) === JSON.stringify(numbers), { what: `${numbers}` });
  const dropped = (count: number): Promise<unknown> =>
    waitFor(() => server.status().ignoredDrops === count, { what: `${count} to be dropped` });

  await send(1);
  await arrived([1]);
  await tool(onServer, 'ignore_peer_traffic_enable_unique', 'client1');
  await send(2);
  await dropped(1);
  await tool(onServer, 'ignore_peer_traffic_enable_unique', 'somebody');
  await send(3);
  await arrived([1, 3]);
  await tool(onServer, 'ignore_peer_traffic_enable');
  assert.equal(await tool(onServer, 'ignore_peer_traffic_show'), 'True');
  await send(4);
  await dropped(2);
  await tool(onServer, 'ignore_peer_traffic_disable');
  await send(5);
  await arrived([1, 3, 5]);

  assert.equal(await tool(onServer, 'set_log_level', 'DEBUG'), 'DEBUG');
  assert.equal(await tool(onServer, 'show_log_level'), 'DEBUG');
  assert.equal(await tool(onServer, 'show_attribute', 'is_server'), 'True');
  assert.equal(await tool(onServer, 'show_attribute', 'blacklisted_clients_ip'), 'set()');
  assert.match(String(await tool(onServer, 'show_attribute', 'constructor')), /unknown key constructor/);

  // Nobody listens to this one, so it waits where peek_queues shows it.
  await onClient.do('send', { message_type: 'type1', data: 'x', data_is_json: false });
  await waitFor(async () => JSON.parse(String(await tool(onServer, 'peek_queues'))).queue_recv === 1, {
    what: 'one message to wait',
  });
});

test('a client is disconnected, and comes back; one that is not there is named', async (t) => {
  const tools = await toolsOrSkip(t);
  if (tools === undefined) return;
  const { server, onServer } = tools;
  const since = server.peers()[0]?.sinceMs;
  assert.equal(await tool(onServer, 'disconnect_client', 'client1'), 'True');
  await waitFor(() => stateAt(server, 'client1') === 'connected' && server.peers()[0]?.sinceMs !== since, {
    ...PATIENT,
    what: 'client1 to come back',
  });
  assert.equal(await tool(onServer, 'disconnect_client', 'client7'), 'Non existing client client7');
});

test('stop, start and restart, soft and hard, on both sides: programs go on where they were', async (t) => {
  const tools = await toolsOrSkip(t);
  if (tools === undefined) return;
  const { server, client, onServer, onClient } = tools;
  await onServer.do('listen', { message_type: 'any' });
  let next = 0;
  const oneMore = async (): Promise<void> => {
    await connectedAt(server, 'client1');
    await waitFor(() => client.status().phase.kind === 'connected', { ...PATIENT, what: 'the server' });
    await onClient.do('send_numbers', { message_type: 'any', count: 1, first: next });
    next += 1;
    const wanted = Array.from({ length: next }, (_, number) => number).join();
    await waitFor(async () => String(await onServer.do('numbers_of', { message_type: 'any' })) === wanted, {
      ...PATIENT,
      what: `message ${next - 1}`,
    });
  };
  await oneMore();
  for (const hard of [false, true]) {
    for (const [program, side] of [
      [onServer, server],
      [onClient, client],
    ] as const) {
      assert.equal(await program.do('tool', { name: 'stop_connector', hard }), '{}');
      assert.equal(side.status().phase.kind, 'stopped');
      assert.equal(await tool(program, 'show_connected_peers'), '{}');
      assert.equal(await tool(program, 'start_connector'), '{}');
      await dial(client);
      await oneMore();
      assert.equal(await program.do('tool', { name: 'restart_connector', hard }), '{}');
      await dial(client);
      await oneMore();
    }
  }
});

test('a certificate deleted on the server cuts that client alone; after deleting its own it gets a new one', async (t) => {
  const tools = await toolsOrSkip(t);
  if (tools === undefined) return;
  const { server, client, onServer, onClient, python } = tools;
  const home = tempDir(t);
  await makeHome(server, home);
  const common = { server_sockaddr: addressOf(server), is_server: false, ...TYPES };
  const pythonClient = startPythonConnector(t, python, {
    ...common,
    client_name: 'python-1',
    certificates_directory_path: home,
  });
  await connectedAt(server, 'python-1');
  const onPython = new PythonProgram(t, python, join(pythonClient.directory, 'config.json'));
  const otherSince = (name: string): number | undefined =>
    server.peers().find(({ wireName }) => wireName === name)?.sinceMs;

  for (const [name, program, other] of [
    ['client1', onClient, 'python-1'],
    ['python-1', onPython, 'client1'],
  ] as const) {
    const undisturbed = otherSince(other);
    assert.equal(await tool(onServer, 'delete_client_certificate', name), '{"status": true, "msg": ""}');
    assert.notEqual(stateAt(server, name), 'connected', 'cut at once');
    if (name === 'client1') await dial(client);
    await waitFor(() => logs(server, /not admitted|was closed/), {
      ...PATIENT,
      what: 'a refusal in the log',
    });
    assert.equal(stateAt(server, name), 'away', 'its old certificate is of no use');
    await tool(program, 'delete_client_certificate');
    if (name === 'client1') await dial(client);
    await connectedAt(server, name);
    assert.equal(otherSince(other), undisturbed, `${other} never noticed`);
  }
});

test('blacklists and whitelists, changed by Python’s tool: by name, address and subnet, each named in the log', async (t) => {
  const tools = await toolsOrSkip(t);
  if (tools === undefined) return;
  const { server, client, onServer, onClient } = tools;
  const list = (what: string, who: Readonly<Record<string, string>>): Promise<unknown> =>
    onServer.do('tool', { name: what, ...who });
  for (const [who, key] of [
    [{ client_id: 'client[0-9]$' }, 'id'],
    [{ client_ip: '127.0.0.1' }, 'ip'],
    [{ client_ip: '127.0.0.0/8' }, 'subnet'],
  ] as const) {
    const entry = String(Object.values(who)[0]);
    assert.equal(await list('add_blacklist_client', who), 'True');
    await awayAt(server, 'client1');
    assert.equal(await tool(onServer, 'show_attribute', `blacklisted_clients_${key}`), `{'${entry}'}`);
    await dial(client);
    await waitFor(
      () => logs(server, new RegExp(`client1 not admitted: blacklisted_clients_${key} contains`)),
      {
        ...PATIENT,
        what: `a refusal by ${key}`,
      },
    );
    assert.equal(stateAt(server, 'client1'), 'away');
    assert.equal(await list('remove_blacklist_client', who), 'True');
    assert.equal(await list('remove_blacklist_client', who), '{}');
    await dial(client);
    await connectedAt(server, 'client1');
  }

  assert.equal(await list('add_whitelist_client', { client_id: 'other' }), 'True');
  assert.equal(stateAt(server, 'client1'), 'connected', 'a whitelist counts from the next connection on');
  await tool(onServer, 'disconnect_client', 'client1');
  await waitFor(() => logs(server, /client1 not admitted: whitelisted_clients_id does not contain/), {
    ...PATIENT,
    what: 'a refusal by the whitelist',
  });
  assert.equal(await list('add_whitelist_client', { client_id: 'client' }), 'True');
  await dial(client);
  await connectedAt(server, 'client1');
  assert.equal(await list('remove_whitelist_client', { client_id: 'client' }), 'True');
  assert.match(String(await list('add_blacklist_client', { client_id: '(' })), /is not valid/);
  assert.equal(
    await tool(onClient, 'add_blacklist_client', '10.0.0.9'),
    false,
    'Python’s own answer on a client',
  );
});

test('lists of a configuration hold from the first connection on, before a certificate is made', async (t) => {
  const tools = await toolsOrSkip(t, { blacklisted_clients_id: ['python-', 'aioc-x'] });
  if (tools === undefined) return;
  const { server, python } = tools;
  const home = tempDir(t);
  await makeHome(server, home);
  startPythonConnector(t, python, {
    ...TYPES,
    server_sockaddr: addressOf(server),
    is_server: false,
    client_name: 'python-7',
    certificates_directory_path: home,
  });
  await waitFor(() => logs(server, /python-7 .*blacklisted_clients_id contains python-7/), {
    ...PATIENT,
    what: 'python-7 to be refused',
  });
  assert.equal(stateAt(server, 'python-7'), undefined);
  const other = tempDir(t);
  await makeHome(server, other);
  const welcome = await configuredSide(
    t,
    { ...TYPES, is_server: false, client_name: 'aioc-y', server_sockaddr: addressOf(server) },
    other,
  );
  await welcome.engine.start();
  await connectedAt(server, 'aioc-y');
});

function addressOf(server: ConfiguredSide): [string, number] {
  return ['127.0.0.1', server.status().port];
}

/** What another client's operator is given of the server's directory. */
async function makeHome(server: ConfiguredSide, home: string): Promise<void> {
  const from = join(server.directory, 'certificates', 'client');
  await cp(from, join(home, 'certificates', 'client'), { recursive: true });
}

test('Python’s own cli finds an aioc connector and steers it', async (t) => {
  const tools = await toolsOrSkip(t);
  if (tools === undefined) return;
  const { server, python } = tools;
  const cli = spawn(python.python, ['-m', 'aioconnectors', 'cli'], {
    cwd: tempDir(t),
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TERM: 'dumb', PYTHONDONTWRITEBYTECODE: '1' },
  });
  t.after(() => cli.kill('SIGKILL'));
  // Its directory, the first connector there, its commands by their numbers, and out of both menus.
  const [peers, queues, level] = ['4', '6', '10'];
  cli.stdin.end(`${[join(server.directory, 'run'), '0', peers, queues, level, 'q', 'q'].join('\n')}\n`);
  const output = await deadline(text(cli.stdout), 20_000, 'the cli to end');
  assert.match(output, /0\) {4}127\.0\.0\.1 \d+/);
  assert.match(output, /Connected peers : \{"client1": \["127\.0\.0\.1", \d+\]\}/);
  assert.match(output, /"queue_send": \{\s+"client1": 0\s+\}/);
  assert.match(output, /^INFO$/m);
});
