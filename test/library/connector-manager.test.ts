import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import {
  type AiocError,
  ConnectorManager,
  type ConnectorManagerOptions,
  ConnectorRemoteTool,
} from '../../source/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { makeTempDir, removeDir, tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

// The received files' folder and the state of this user must stay as they are.
const home = makeTempDir();
process.env['HOME'] = home;
process.env['XDG_STATE_HOME'] = join(home, 'state');
after(() => removeDir(home));

const BIG = 'x'.repeat(1024 * 1024);

interface Pair {
  readonly server: ConnectorManager;
  readonly client: ConnectorManager;
  readonly clientDirectory: string;
}

function manager(t: TestContext, options: ConnectorManagerOptions): ConnectorManager {
  const made = new ConnectorManager(options);
  t.after(() => made.shutdown({ hard: true }));
  return made;
}

/** A server and a client in this process that are connected. */
async function connectedPair(
  t: TestContext,
  { mutualTls = false, ...options }: { mutualTls?: boolean } & Partial<ConnectorManagerOptions> = {},
): Promise<Pair> {
  const [serverDirectory, clientDirectory] = [tempDir(t), tempDir(t)];
  if (mutualTls) await makeCertificates(serverDirectory, clientDirectory);
  const common = { serverSockaddr: ['127.0.0.1', await freePort()], useSsl: mutualTls, ...options } as const;
  const server = manager(t, { ...common, isServer: true, connectorFilesDirpath: serverDirectory });
  const client = manager(t, {
    ...common,
    isServer: false,
    clientName: 'client1',
    connectorFilesDirpath: clientDirectory,
  });
  const met = [once(server, 'connected'), once(client, 'connected')];
  await server.start();
  await client.start();
  await deadline(Promise.all(met), 20_000, 'the connection');
  return { server, client, clientDirectory };
}

/** The texts that come to a connector, in their order. */
async function collect(t: TestContext, connector: ConnectorManager): Promise<string[]> {
  const seen: string[] = [];
  const listener = await connector.api().listen('any', (message) => {
    seen.push(message.text());
  });
  t.after(() => listener.stop());
  return seen;
}

/** Sends large messages, which leave more slowly than they come. When it resolves, the connector has read all of them. */
async function fillQueue(client: ConnectorManager, count: number): Promise<void> {
  const api = client.api();
  // One more than asked for: it does not fit into the socket's buffer, so that all before it must have been read.
  for (let number = 0; number <= count; number += 1) {
    await api.send({ messageType: 'any', data: `${number} ${BIG}` });
  }
  api.close();
}

/** Well within what the sender's queue holds. */
const BACKLOG = 50;

function waitingOf(connector: ConnectorManager): number {
  return Object.values(connector.waiting).reduce((sum, count) => sum + count, 0);
}

test('two connectors of one process exchange 1,000 messages each way, in order, over mutual TLS', async (t) => {
  const { server, client } = await connectedPair(t, { mutualTls: true });
  const [atServer, atClient] = [await collect(t, server), await collect(t, client)];
  const [fromServer, fromClient] = [server.api(), client.api()];
  t.after(() => fromServer.close());
  t.after(() => fromClient.close());
  const numbers = Array.from({ length: 1_000 }, (_, number) => String(number));
  const sent: Promise<unknown>[] = [];
  for (const data of numbers) {
    sent.push(fromClient.send({ messageType: 'any', data }));
    sent.push(fromServer.send({ messageType: 'any', destinationId: 'client1', data }));
  }
  await Promise.all(sent);
  await waitFor(() => atServer.length >= 1_000 && atClient.length >= 1_000, {
    what: 'all messages',
    timeoutMs: 30_000,
  });
  assert.deepEqual(atServer, numbers);
  assert.deepEqual(atClient, numbers);
  assert.deepEqual(
    server.connectedPeers.map(({ name }) => name),
    ['client1'],
  );
});

const numbersTo = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number));

/** A pair in which messages are sent that stay at the sender while the server's listener waits: nothing is stored there. */
async function pairWithBacklog(
  t: TestContext,
): Promise<Pair & { readonly seen: ReadonlySet<string>; letGo(): void }> {
  const pair = await connectedPair(t, { diskPersistenceSend: false, diskPersistenceRecv: false });
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  t.after(() => letGo());
  const seen = new Set<string>();
  const listener = await pair.server.api().listen('any', async (message) => {
    await held;
    // What was under way may come twice.
    seen.add(message.text().split(' ')[0] ?? '');
  });
  t.after(() => listener.stop());
  await fillQueue(pair.client, BACKLOG);
  assert.ok(waitingOf(pair.client) > 0);
  return { ...pair, seen, letGo };
}

test('a soft stop sends what waits first', async (t) => {
  const { client, seen, letGo } = await pairWithBacklog(t);
  const stopped = client.stop();
  letGo();
  await stopped;
  assert.equal(waitingOf(client), 0);
  await waitFor(() => seen.size >= BACKLOG, { what: 'the last one', timeoutMs: 10_000 });
  assert.deepEqual([...seen].slice(0, BACKLOG), numbersTo(BACKLOG));
  assert.deepEqual(client.connectedPeers, []);
});

test('a hard stop leaves what waits in the queue, from where it goes out after the next start', async (t) => {
  const { client, seen, letGo } = await pairWithBacklog(t);
  await client.stop({ hard: true });
  assert.ok(waitingOf(client) > 0, 'it has waited until all had left');
  letGo();
  await client.start();
  await waitFor(() => seen.size >= BACKLOG, { what: 'the rest', timeoutMs: 20_000 });
  assert.deepEqual([...seen].slice(0, BACKLOG), numbersTo(BACKLOG));
});

test('restart connects again and keeps the name that was made up', async (t) => {
  const { server } = await connectedPair(t);
  const directory = tempDir(t);
  const client = manager(t, {
    isServer: false,
    serverSockaddr: server.serverSockaddr,
    connectorFilesDirpath: directory,
    useSsl: false,
  });
  const name = client.clientName ?? '';
  assert.match(name, /^client_[0-9a-f]{8}$/);
  await client.start();
  const names = (): string[] => server.connectedPeers.map((peer) => peer.name).sort();
  await waitFor(() => names().includes(name), { what: 'the new client' });
  const again = once(client, 'connected');
  await client.restart({ hard: true, delayMs: 10 });
  await deadline(again, 10_000, 'the connection after the restart');
  await waitFor(() => names().includes(name), { what: 'the new client again' });
  assert.deepEqual(names(), ['client1', name].sort());
});

test('after a stop the connector can be started by a command, and ended by one', async (t) => {
  const { client, clientDirectory } = await connectedPair(t);
  const tool = new ConnectorRemoteTool({ clientName: 'client1', connectorFilesDirpath: clientDirectory });
  await client.stop();
  const back = once(client, 'connected');
  await tool.start();
  await deadline(back, 10_000, 'the connection');
  const ended = once(client, 'shutdown');
  await tool.stop({ shutdown: true });
  await deadline(ended, 10_000, 'the end');
  await rejectsWith(tool.showConnectedPeers(), 'AIOC_CONNECTOR_AWAY', /client1|connector/);
});

for (const [when, abort] of [
  ['before it begins', (controller: AbortController) => controller.abort()],
  ['while it waits', (controller: AbortController) => queueMicrotask(() => controller.abort())],
] as const) {
  test(`a start that is aborted ${when} leaves nothing`, async (t) => {
    const directory = tempDir(t);
    const server = manager(t, {
      isServer: true,
      serverSockaddr: ['127.0.0.1', await freePort()],
      connectorFilesDirpath: directory,
      useSsl: false,
    });
    const controller = new AbortController();
    abort(controller);
    const start = server.start({ delayMs: 60_000, signal: controller.signal });
    await rejectsWith(start, 'AIOC_CANCELLED', /cancelled/);
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('a start that is aborted in the middle leaves no socket, no process file and a free port', async (t) => {
  const directory = tempDir(t);
  const port = await freePort();
  const options = {
    isServer: true,
    serverSockaddr: ['127.0.0.1', port] as const,
    connectorFilesDirpath: directory,
    useSsl: false,
  };
  const first = manager(t, options);
  const controller = new AbortController();
  // Its first file says that it has begun; many more steps follow.
  const observer = watch(directory, () => controller.abort());
  t.after(() => observer.close());
  await rejectsWith(first.start({ signal: controller.signal }), 'AIOC_CANCELLED', /cancelled/);
  assert.deepEqual(
    readdirSync(directory).filter((name) => !/^(aioconnectors\.log|aioc_journal_)/.test(name)),
    ['active_connectors.json'].filter((name) => existsSync(join(directory, name))),
  );
  await manager(t, options).start();
});

test('stop gives up a start that still waits', async (t) => {
  const server = manager(t, { isServer: true, connectorFilesDirpath: tempDir(t), useSsl: false });
  const start = rejectsWith(server.start({ delayMs: 60_000 }), 'AIOC_CANCELLED', /cancelled/);
  await server.stop();
  await start;
});

test('a start that fails can be tried again', async (t) => {
  const { server } = await connectedPair(t);
  const other = manager(t, {
    isServer: true,
    serverSockaddr: server.serverSockaddr,
    connectorFilesDirpath: tempDir(t),
    useSsl: false,
  });
  await rejectsWith(other.start(), 'AIOC_PORT_TAKEN', /port/);
  await server.shutdown({ hard: true });
  await other.start();
});

test('options count more than the file, and what is wrong is named as in the file', async (t) => {
  const file = join(tempDir(t), 'config.json');
  const config = { is_server: false, server_sockaddr: ['127.0.0.1', 4000], client_name: 'one' };
  writeFileSync(file, JSON.stringify(config));
  const fromFile = await ConnectorManager.fromConfig(file, { clientName: 'two' });
  assert.equal(fromFile.clientName, 'two');
  assert.deepEqual(fromFile.serverSockaddr, ['127.0.0.1', 4000]);
  const fromObject = await ConnectorManager.fromConfig(config, { isServer: true });
  assert.equal(fromObject.isServer, true);
  assert.equal(fromObject.clientName, undefined);
  const wrong = ConnectorManager.fromConfig(file, { connectTimeout: -1 });
  await rejectsWith(wrong, 'AIOC_CONFIG', /connect_timeout/);
  assert.equal(readFileSync(file, 'utf8'), JSON.stringify(config));
});

for (const [what, options, message] of [
  ['no side', {}, /isServer is missing/],
  ['a key of a file', { isServer: true, server_sockaddr: ['127.0.0.1', 1] }, /fromConfig/],
  ['an unknown option', { isServer: true, serverSockadr: ['127.0.0.1', 1] }, /server_sockaddr/],
  [
    'a wrong option of a file type',
    { isServer: true, fileRecvConfig: { any: { targetDirectory: 3 } } },
    /file_recv_config/,
  ],
] as const) {
  test(`${what} is refused when the connector is made`, () => {
    const make = (): unknown => new ConnectorManager(options as unknown as ConnectorManagerOptions);
    assert.throws(make, (error: AiocError) => error.code === 'AIOC_CONFIG' && message.test(error.message));
  });
}

test('what listeners throw does not reach the connector', async (t) => {
  const { server, client } = await connectedPair(t);
  const thrown = once(process, 'uncaughtException');
  const runners = process.listeners('uncaughtException').slice(0, -1);
  for (const runner of runners) process.off('uncaughtException', runner);
  server.once('disconnected', () => {
    throw new Error('a defect of the application');
  });
  await client.stop();
  const [error] = (await deadline(thrown, 5_000, 'the defect')) as [Error];
  for (const runner of runners) process.on('uncaughtException', runner);
  assert.match(error.message, /a defect/);
  const back = once(server, 'connected');
  await client.start();
  await deadline(back, 10_000, 'the connection');
});
