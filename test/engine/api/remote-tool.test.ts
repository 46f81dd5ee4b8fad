import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseIgnored, parseNames } from '../../../engine/api/command-answers.ts';
import { ConnectorRemoteTool } from '../../../engine/api/remote-tool.ts';
import type { ConnectorOwner } from '../../../engine/local/socket-names.ts';
import { FakeConnector } from '../../helpers/fake-connector.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

interface Recorded {
  readonly tool_of: 'server' | 'client';
  readonly method: string;
  readonly args: readonly (string | null)[];
  readonly cmd: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface Answered {
  readonly on: 'server' | 'client';
  readonly command: string;
  readonly args: readonly string[];
  readonly response: string;
}

const vectors = join(import.meta.dirname, '../../vectors');
const read = (name: string) => JSON.parse(readFileSync(join(vectors, name), 'utf8'));
const requests: readonly Recorded[] = read('commander-requests.json').requests;
const answers: readonly Answered[] = read('commander.json').commands;

type Call = (
  tool: ConnectorRemoteTool,
  args: readonly (string | null)[],
  role: 'server' | 'client',
) => Promise<unknown>;

const matching = ([clientIp, clientId]: readonly (string | null)[]) =>
  clientIp != null ? { clientIp } : { clientId: clientId ?? '' };

/** Our name for each of the recorded tool's methods. */
const CALLS: Readonly<Record<string, Call>> = {
  show_connected_peers: (tool) => tool.showConnectedPeers(),
  peek_queues: (tool) => tool.peekQueues(),
  ignore_peer_traffic_show: (tool) => tool.ignorePeerTrafficShow(),
  ignore_peer_traffic_enable: (tool) => tool.ignorePeerTrafficEnable(),
  ignore_peer_traffic_enable_unique: (tool, [peer]) => tool.ignorePeerTrafficEnableUnique(String(peer)),
  ignore_peer_traffic_disable: (tool) => tool.ignorePeerTrafficDisable(),
  show_log_level: (tool) => tool.showLogLevel(),
  set_log_level: (tool, [level]) => tool.setLogLevel(String(level)),
  show_attribute: (tool, [attribute]) => tool.showAttribute(String(attribute)),
  delete_client_certificate: (tool, [client], role) =>
    role === 'server'
      ? tool.deleteClientCertificateOnServer(String(client))
      : tool.deleteClientCertificateOnClient(),
  disconnect_client: (tool, [client]) => tool.disconnectClient(String(client)),
  delete_client_token: (tool, [client], role) =>
    role === 'server' ? tool.deleteClientTokenOnServer(String(client)) : tool.deleteClientTokenOnClient(),
  reload_tokens: (tool) => tool.reloadTokens(),
  add_blacklist_client: (tool, args) => tool.addBlacklistClient(matching(args)),
  remove_blacklist_client: (tool, args) => tool.removeBlacklistClient(matching(args)),
  add_whitelist_client: (tool, args) => tool.addWhitelistClient(matching(args)),
  remove_whitelist_client: (tool, args) => tool.removeWhitelistClient(matching(args)),
  delete_previous_persistence_remains: (tool) => tool.deletePreviousPersistenceRemains(),
  show_subscribe_message_types: (tool) => tool.showSubscribeMessageTypes(),
  set_subscribe_message_types: (tool, args) => tool.setSubscribeMessageTypes(args.map(String)),
  start_connector: (tool) => tool.start(),
  stop_connector: (tool) => tool.stop(),
  restart_connector: (tool) => tool.restart(),
};

const OWNERS: Readonly<Record<'server' | 'client', ConnectorOwner>> = {
  server: { role: 'server', host: '127.0.0.1', port: 10673 },
  client: { role: 'client', name: 'edge' },
};

async function start(t: TestContext, role: 'server' | 'client', answer: (cmd: string) => string | undefined) {
  const directory = tempDir(t);
  const asked: unknown[] = [];
  await FakeConnector.start(t, {
    directory,
    owner: OWNERS[role],
    onCommand: (request) => {
      asked.push(request);
      return answer(request.cmd);
    },
  });
  const tool = new ConnectorRemoteTool(
    role === 'server'
      ? { isServer: true, serverSockaddr: ['127.0.0.1', 10673], connectorFilesDirpath: directory }
      : { clientName: 'edge', connectorFilesDirpath: directory },
  );
  return { tool, asked };
}

/** An answer that the parsers of all commands take. */
function plausible(cmd: string): string {
  if (cmd.includes('peers') || cmd.includes('queues') || cmd.includes('subscribe')) return '{}';
  return 'True';
}

test('each method asks exactly what Python’s tool asks', async (t) => {
  for (const { tool_of: role, method, args, cmd, kwargs } of requests) {
    const { tool, asked } = await start(t, role, plausible);
    const call = CALLS[method];
    assert.ok(call, `no method for ${method}`);
    await call(tool, args, role);
    assert.deepEqual(asked, [{ cmd, kwargs }], method);
  }
  const recorded = new Set(requests.map(({ method }) => method));
  assert.deepEqual(
    Object.keys(CALLS).filter((method) => !recorded.has(method)),
    ['show_attribute'],
  );
});

test('Python’s answers are understood', async (t) => {
  const results: unknown[] = [];
  for (const { on, command, args, response } of answers) {
    const { tool } = await start(t, on, () => response);
    const result = CALLS[command]?.(tool, args, on).catch((error: Error) => error.message);
    results.push([`${on} ${command}`, await result]);
  }
  const serverId = "('127.0.0.1', 41674)";
  assert.deepEqual(results, [
    ['server show_connected_peers', { client1: ['127.0.0.1', 54960] }],
    ['server peek_queues', { queueRecv: 0, queueSend: { client1: 0 } }],
    ['server ignore_peer_traffic_show', false],
    ['server ignore_peer_traffic_enable_unique', ['client9']],
    ['server ignore_peer_traffic_show', ['client9']],
    ['server ignore_peer_traffic_enable', true],
    ['server ignore_peer_traffic_disable', false],
    ['server show_log_level', 'INFO'],
    ['server set_log_level', 'DEBUG'],
    ['server show_subscribe_message_types', []],
    ['client show_subscribe_message_types', ['type1']],
    ['client set_subscribe_message_types', ['any', 'type1']],
    ['client show_connected_peers', { [serverId]: ['127.0.0.1', 41674] }],
    ['client peek_queues', { queueRecv: 0, queueSend: { [serverId]: 0 } }],
    ['server delete_client_certificate', true],
    ['server add_blacklist_client', true],
    ['server remove_blacklist_client', true],
    ['server disconnect_client', 'the connector refused the command: Non existing client nobody'],
    ['server show_attribute', "['any', 'type1', '_pubsub']"],
    ['server delete_client_token', true],
    ['server delete_previous_persistence_remains', true],
  ]);
});

test('lists in Python’s spelling are read, whatever is in them', () => {
  assert.deepEqual(parseNames(`["('::1', 1)", 'a\\'b', 'x\\\\', '\\xe9\\u4e16\\n']`), [
    "('::1', 1)",
    "a'b",
    'x\\',
    'é世\n',
  ]);
  assert.deepEqual(parseNames('[]'), []);
  assert.equal(parseIgnored('{}'), false);
  for (const odd of ['[1]', "['a'", 'nonsense', "['a' 'b']"]) {
    assert.throws(() => parseNames(odd), /malformed answer/);
  }
});

test('a connector that does not answer, closes, or is not there is told apart', async (t) => {
  const { tool } = await start(t, 'client', () => undefined);
  await rejectsWith(tool.command('odd', {}, { timeoutMs: 30 }), 'AIOC_TIMEOUT', /or not know the command/);
  await rejectsWith(tool.showLogLevel({ signal: AbortSignal.timeout(20) }), 'AIOC_CANCELLED', /log_level/);
  await rejectsWith(tool.disconnectClient('x'), 'AIOC_COMMAND', /only a server/);
  const gone = new ConnectorRemoteTool({ clientName: 'gone', connectorFilesDirpath: tempDir(t) });
  await rejectsWith(gone.peekQueues(), 'AIOC_CONNECTOR_AWAY', /gone/);
});
