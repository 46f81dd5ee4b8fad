import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../engine/api/connector-api.ts';
import { ConnectorRemoteTool } from '../../engine/api/remote-tool.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { type PythonConnector, startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TYPES = { send_message_types: ['any', 'news'], recv_message_types: ['any', 'news'] };
const PATIENT = { timeoutMs: 30_000 };

interface Side {
  readonly connector: PythonConnector;
  readonly tool: ConnectorRemoteTool;
  readonly config: string;
}

interface World {
  readonly server: Side;
  readonly client: Side;
  /** certificates/client of the client. */
  readonly clientCertificates: string;
}

/** A tool that notes which of its methods are called. */
function noting(tool: ConnectorRemoteTool, called: Set<string>): ConnectorRemoteTool {
  return new Proxy(tool, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      called.add(String(name));
      return value.bind(target);
    },
  });
}

interface WorldOptions {
  readonly python: PythonPeer;
  readonly called: Set<string>;
  /** Without TLS, wherever it does not matter: with it Python's sending now and then stands still (PROTOCOL §9). */
  readonly useTls: boolean;
}

async function startWorld(t: TestContext, { python, called, useTls }: WorldOptions): Promise<World> {
  const [home, clientHome] = [tempDir(t), tempDir(t)];
  await makeCertificates(home, clientHome);
  const common = {
    ...TYPES,
    server_sockaddr: ['127.0.0.1', await freePort()],
    reuse_server_sockaddr: true,
    use_ssl: useTls,
  };
  const start = async (config: Readonly<Record<string, unknown>>): Promise<Side> => {
    const connector = startPythonConnector(t, python, { ...common, ...config });
    const path = join(connector.directory, 'config.json');
    const tool = noting(await ConnectorRemoteTool.fromConfig(path), called);
    await waitFor(() => tool.showLogLevel(), { ...PATIENT, what: 'a Python connector' });
    return { connector, tool, config: path };
  };
  const server = await start({
    is_server: true,
    certificates_directory_path: home,
    tokens_directory_path: home,
    disk_persistence_send: true,
  });
  const client = await start({
    is_server: false,
    client_name: 'client1',
    certificates_directory_path: clientHome,
    tokens_directory_path: clientHome,
  });
  const clientCertificates = join(clientHome, 'certificates/client/client-certs');
  const world = { server, client, clientCertificates };
  await bothConnected(world);
  return world;
}

async function bothConnected({ server, client }: World): Promise<void> {
  const seen = async ({ tool }: Side): Promise<number> => Object.keys(await tool.showConnectedPeers()).length;
  await waitFor(
    async () => 'client1' in (await server.tool.showConnectedPeers()) && (await seen(client)) === 1,
    { ...PATIENT, what: 'the pair' },
  );
}

test('our tool does with Python’s connectors whatever Python’s own tool can', {
  timeout: 240_000,
}, async (t) => {
  const python = await findPython();
  if ('unavailable' in python) return t.skip(python.unavailable);
  const called = new Set<string>();
  const world = await startWorld(t, { python, called, useTls: false });
  await t.test('what is only looked at or switched', () => looks(world));
  await t.test('lists of clients: each change is in its file', () => lists(world));
  await t.test('subscriptions of a client', () => subscriptions(world));
  await t.test('what only aioc’s connectors know: Python does not answer', () => onlyAioc(world));
  await t.test('tokens, which Python reads without a word', () => tokens(world));
  await t.test('stored messages are deleted', (t) => persistence(t, world));
  await t.test('stop, start and restart', () => stops(world));
  await t.test('a server is shut down by a command', () => shutDown(world));
  const secured = await startWorld(t, { python, called, useTls: true });
  await t.test('certificates are deleted on both sides, and a new one is given', () => certificates(secured));
  const methods = Object.getOwnPropertyNames(ConnectorRemoteTool.prototype);
  const missing = methods.filter((name) => name !== 'constructor' && !called.has(name));
  assert.deepEqual(missing, ['command'], 'every method was used');
});

async function looks({ server, client }: World): Promise<void> {
  for (const { tool } of [server, client]) {
    const { queueRecv, queueSend } = await tool.peekQueues();
    assert.deepEqual([queueRecv, ...new Set(Object.values(queueSend))], [0, 0]);
    assert.equal(await tool.ignorePeerTrafficShow(), false);
    assert.deepEqual(await tool.ignorePeerTrafficEnableUnique('client9'), ['client9']);
    assert.equal(await tool.ignorePeerTrafficEnable(), true);
    assert.equal(await tool.ignorePeerTrafficDisable(), false);
    assert.equal(await tool.setLogLevel('WARNING'), 'WARNING');
    assert.equal(await tool.showLogLevel(), 'WARNING');
    assert.equal(await tool.setLogLevel('INFO'), 'INFO');
    assert.equal(await tool.showAttribute('is_server'), tool === server.tool ? 'True' : 'False');
  }
}

async function lists({ server, client }: World): Promise<void> {
  const held = (key: string): unknown => JSON.parse(readFileSync(server.config, 'utf8'))[key];
  const { tool } = server;
  assert.equal(await tool.addBlacklistClient({ clientIp: '10.0.0.9' }), true);
  assert.deepEqual(held('blacklisted_clients_ip'), ['10.0.0.9']);
  assert.equal(await tool.removeBlacklistClient({ clientIp: '10.0.0.9' }), true);
  assert.deepEqual(held('blacklisted_clients_ip'), []);
  assert.equal(await tool.addWhitelistClient({ clientIp: '127.0.0.0/8' }), true);
  assert.deepEqual(held('whitelisted_clients_subnet'), ['127.0.0.0/8']);
  assert.equal(await tool.removeWhitelistClient({ clientIp: '127.0.0.0/8' }), true);
  await rejectsWith(tool.removeWhitelistClient({ clientId: 'x' }), 'AIOC_COMMAND', /refused the command/);
  await rejectsWith(client.tool.addBlacklistClient({ clientId: 'x' }), 'AIOC_COMMAND', /only a server/);
}

async function subscriptions({ server, client }: World): Promise<void> {
  assert.deepEqual(await client.tool.setSubscribeMessageTypes(['news', 'not-ours']), ['news']);
  assert.deepEqual(await client.tool.showSubscribeMessageTypes(), ['news']);
  assert.deepEqual(await client.tool.setSubscribeMessageTypes([]), []);
  assert.deepEqual(await server.tool.setSubscribeMessageTypes(['news']), []);
}

async function onlyAioc({ server, client }: World): Promise<void> {
  const patience = { timeoutMs: 1_500 };
  const unknown = /did not answer (create_invitation|renew_certificate) .*not know the command/;
  await rejectsWith(server.tool.createInvitation('client9', patience), 'AIOC_TIMEOUT', unknown);
  await rejectsWith(client.tool.renewCertificate(patience), 'AIOC_TIMEOUT', unknown);
  const { tool } = client;
  const noFiles = /does not know \w+_transfers?: it is Python's/;
  await rejectsWith(tool.listTransfers(patience), 'AIOC_COMMAND', noFiles);
  await rejectsWith(tool.cancelTransfer('1', patience), 'AIOC_COMMAND', noFiles);
  await rejectsWith(tool.cleanTransfers({ id: '1' }, patience), 'AIOC_COMMAND', noFiles);
}

async function tokens(world: World): Promise<void> {
  const { server, client } = world;
  for (const { tool } of [server, client])
    await rejectsWith(tool.reloadTokens({ timeoutMs: 1_500 }), 'AIOC_TIMEOUT', /load_(server|client)_token/);
  assert.equal(await server.tool.deleteClientTokenOnServer('client1'), true);
  assert.equal(await client.tool.deleteClientTokenOnClient({ restartClient: false }), true);
  // Python disconnects whose token is deleted.
  await bothConnected(world);
}

async function persistence(t: TestContext, world: World): Promise<void> {
  const { server, client } = world;
  const api = await ConnectorAPI.fromConfig(server.config);
  t.after(() => api.close());
  await client.tool.stop();
  await waitFor(async () => !('client1' in (await server.tool.showConnectedPeers())), {
    ...PATIENT,
    what: 'the client to be away',
  });
  const stored = (): string[] =>
    readdirSync(server.connector.directory).filter((name) => name.startsWith('connector_disk_persistence'));
  await api.send({ messageType: 'any', destinationId: 'client1', data: 'waits' });
  await waitFor(() => stored().length > 0, { what: 'the message on the disk' });
  assert.equal(await server.tool.deletePreviousPersistenceRemains(), true);
  assert.deepEqual(stored(), []);
  await client.tool.start();
  await bothConnected(world);
}

async function stops(world: World): Promise<void> {
  for (const side of [world.client, world.server]) {
    assert.equal(await side.tool.stop({ hard: side === world.client }), true);
    assert.equal(await side.tool.start(), true);
    await bothConnected(world);
    assert.equal(await side.tool.restart({ sleepBetweenSeconds: 0.1 }), true);
    await bothConnected(world);
  }
  assert.equal(await world.server.tool.disconnectClient('client1'), true);
  await bothConnected(world);
}

async function certificates(world: World): Promise<void> {
  const { server, client, clientCertificates } = world;
  const own = join(clientCertificates, 'client1.pem');
  const before = readFileSync(own, 'utf8');
  const nobody = server.tool.deleteClientCertificateOnServer('nobody');
  await rejectsWith(nobody, 'AIOC_COMMAND', /the connector refused the command: .*nobody/);
  assert.equal(await server.tool.deleteClientCertificateOnServer('client1'), true);
  assert.deepEqual(await server.tool.showConnectedPeers(), {});
  assert.equal(await client.tool.deleteClientCertificateOnClient(), true);
  await bothConnected(world);
  assert.ok(existsSync(own));
  assert.notEqual(readFileSync(own, 'utf8'), before);
}

async function shutDown({ server }: World): Promise<void> {
  assert.equal(await server.tool.stop({ shutdown: true }), true);
  await waitFor(
    async () => {
      await rejectsWith(server.tool.showLogLevel(), 'AIOC_CONNECTOR_AWAY', /is not running here/);
      return true;
    },
    { ...PATIENT, what: 'the socket to be gone' },
  );
}
