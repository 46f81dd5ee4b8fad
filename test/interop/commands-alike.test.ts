import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { ConnectorRemoteTool } from '../../engine/api/remote-tool.ts';
import { PYTHON_COMMANDS } from '../../engine/local/python/commander-table.ts';
import {
  type ConfiguredSide,
  configuredPair,
  type Mode,
  makeCertificates,
} from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const run = promisify(execFile);
const TYPES = { send_message_types: ['any', 'type1'], recv_message_types: ['any', 'type1'] };
const PATIENT = { timeoutMs: 30_000 };
/** Long enough for an answer of Python's, when it gives one. */
const SILENCE_MS = 1_500;

type On = 'server' | 'client';

/** One command, and where the two connectors are meant to answer differently. */
interface Step {
  readonly on: On;
  readonly method: string;
  readonly args: readonly unknown[];
  /** What aioc answers; absent: what Python answers. */
  readonly aioc?: RegExp;
  /** What Python answers where aioc does not answer the same; absent there: nothing, ever. */
  readonly python?: RegExp;
}

const same = (on: On, method: string, ...args: readonly unknown[]): Step => ({ on, method, args });

/** Python gives no answer and leaves its tool waiting; aioc says something. */
const unlikeSilence = (step: Step, aioc: RegExp): Step => ({ ...step, aioc });

const unlike = (step: Step, python: RegExp, aioc: RegExp): Step => ({ ...step, python, aioc });

/** Of Python's tool: every method, and what it does with wrong arguments. The order matters. */
const STEPS: readonly Step[] = [
  ...(['server', 'client'] as const).flatMap((on) => [
    same(on, 'show_connected_peers'),
    same(on, 'show_connected_peers', false),
    same(on, 'peek_queues'),
    same(on, 'ignore_peer_traffic_show'),
    same(on, 'ignore_peer_traffic_enable'),
    same(on, 'ignore_peer_traffic_enable_unique', 'client9'),
    same(on, 'ignore_peer_traffic_show'),
    same(on, 'ignore_peer_traffic_disable'),
    same(on, 'show_log_level'),
    same(on, 'set_log_level', 'WARNING'),
    same(on, 'show_log_level'),
    same(on, 'set_log_level', 'INFO'),
    unlikeSilence(same(on, 'set_log_level', 'LOUD'), /^unknown log level: .*"DEBUG"/),
    same(on, 'show_attribute', 'is_server'),
    same(on, 'show_attribute', 'server_sockaddr'),
    same(on, 'show_attribute', 'recv_message_types'),
    same(on, 'show_attribute', 'ignore_peer_traffic'),
    same(on, 'show_attribute', 'max_certs'),
    same(on, 'show_attribute', 'file_recv_config'),
    unlikeSilence(same(on, 'show_attribute', 'no_such_key'), /^unknown key no_such_key$/),
    same(on, 'show_subscribe_message_types'),
    same(on, 'delete_previous_persistence_remains'),
    // Python reads its tokens, and then fails to say so.
    unlikeSilence(same(on, 'reload_tokens'), /^\{\}$/),
  ]),
  same('server', 'set_subscribe_message_types', 'type1'),
  unlike(
    same('client', 'set_subscribe_message_types', 'type1'),
    /^\['type1'\]$/,
    /^aioc has no subscriptions yet: nothing was subscribed to$/,
  ),
  same('client', 'set_subscribe_message_types'),
  same('server', 'add_blacklist_client', '10.0.0.9'),
  same('server', 'show_attribute', 'blacklisted_clients_ip'),
  same('server', 'remove_blacklist_client', '10.0.0.9'),
  same('server', 'remove_blacklist_client', '10.0.0.9'),
  same('server', 'add_blacklist_client', '10.0.0.0/8'),
  unlike(
    same('server', 'show_attribute', 'blacklisted_clients_subnet'),
    /^\{IPv4Network\('10\.0\.0\.0\/8'\)\}$/,
    /^\{'10\.0\.0\.0\/8'\}$/,
  ),
  same('server', 'remove_blacklist_client', '10.0.0.0/8'),
  same('server', 'add_blacklist_client', null, 'no-one'),
  same('server', 'show_attribute', 'blacklisted_clients_id'),
  same('server', 'remove_blacklist_client', null, 'no-one'),
  same('server', 'show_attribute', 'blacklisted_clients_id'),
  unlike(same('server', 'add_blacklist_client', 'nonsense/99'), /^\{\}$/, /is not a subnet/),
  unlike(same('server', 'add_blacklist_client', 'nonsense'), /^True$/, /is not an address/),
  unlike(same('server', 'remove_blacklist_client', 'nonsense'), /^True$/, /^\{\}$/),
  unlike(same('server', 'add_blacklist_client'), /^True$/, /^the command needs client_id or client_ip/),
  same('client', 'add_blacklist_client', '10.0.0.9'),
  same('client', 'remove_blacklist_client', '10.0.0.9'),
  same('server', 'add_whitelist_client', '127.0.0.1'),
  same('server', 'remove_whitelist_client', '127.0.0.1'),
  same('server', 'add_whitelist_client', null, 'client'),
  same('server', 'remove_whitelist_client', null, 'client'),
  same('server', 'remove_whitelist_client', null, 'client'),
  same('client', 'add_whitelist_client', null, 'client'),
  same('client', 'remove_whitelist_client', null, 'client'),
  same('server', 'disconnect_client', 'nobody'),
  same('client', 'disconnect_client', 'nobody'),
  same('server', 'delete_client_token', 'nobody'),
  same('client', 'delete_client_token', null, false),
];

const STATUS_OF_NOBODY = /^\{"status": false, "msg": ".*nobody.*"\}$/;

/** Those that need mutual TLS, or break the connection. */
const TLS_STEPS: readonly Step[] = [
  unlike(same('server', 'delete_client_certificate', 'nobody'), STATUS_OF_NOBODY, STATUS_OF_NOBODY),
  unlike(
    same('server', 'delete_client_certificate', '../x'),
    /^\{"status": false, "msg": "Invalid/,
    /^\{"status": false, "msg": "a client's name/,
  ),
  same('server', 'disconnect_client', 'client1'),
  same('client', 'restart_connector'),
  same('client', 'stop_connector'),
  same('client', 'stop_connector'),
  same('client', 'start_connector'),
  same('server', 'delete_client_certificate', 'client1', true),
  same('client', 'delete_client_certificate', null, false, false),
  same('client', 'delete_client_certificate'),
  same('server', 'restart_connector'),
  same('server', 'stop_connector'),
];

/** A server and a client, connected, with a program of each on Python's tool. */
interface Pair {
  readonly kind: 'python' | 'aioc';
  readonly programs: Readonly<Record<On, PythonProgram>>;
  readonly configs: Readonly<Record<On, string>>;
}

async function pythonOrSkip(t: TestContext): Promise<PythonPeer | undefined> {
  const found = await findPython();
  if (!('unavailable' in found)) return found;
  t.skip(found.unavailable);
  return undefined;
}

function programsOf(t: TestContext, python: PythonPeer, configs: Pair['configs']): Pair['programs'] {
  return {
    server: new PythonProgram(t, python, configs.server),
    client: new PythonProgram(t, python, configs.client),
  };
}

async function aiocPair(
  t: TestContext,
  python: PythonPeer,
  mode: Mode,
): Promise<Pair & { server: ConfiguredSide }> {
  const { server, client } = await configuredPair(t, mode, TYPES);
  const configs = { server: server.configPath, client: client.configPath };
  return { kind: 'aioc', configs, programs: programsOf(t, python, configs), server };
}

async function pythonPair(t: TestContext, python: PythonPeer, mode: Mode): Promise<Pair> {
  const [home, clientHome] = [tempDir(t), tempDir(t)];
  await makeCertificates(home, clientHome);
  const common = {
    ...TYPES,
    server_sockaddr: ['127.0.0.1', await freePort()],
    reuse_server_sockaddr: true,
    use_ssl: mode === 'mutual-tls',
  };
  const server = startPythonConnector(t, python, {
    ...common,
    is_server: true,
    certificates_directory_path: home,
  });
  await waitFor(() => server.peers(), { ...PATIENT, what: 'the Python server' });
  const client = startPythonConnector(t, python, {
    ...common,
    is_server: false,
    client_name: 'client1',
    certificates_directory_path: clientHome,
  });
  const connected = async (): Promise<boolean> =>
    'client1' in (await server.peers()) && Object.keys(await client.peers()).length === 1;
  await waitFor(connected, { ...PATIENT, what: 'the Python pair' });
  const configs = {
    server: join(server.directory, 'config.json'),
    client: join(client.directory, 'config.json'),
  };
  return { kind: 'python', configs, programs: programsOf(t, python, configs) };
}

/** What each command of ours asks where Python would stay silent, and its tool wait for ever. */
const REQUESTS: Readonly<
  Record<string, (on: On, args: readonly unknown[]) => [string, Record<string, string>]>
> = {
  set_log_level: (_, [level]) => ['set_log_level__sync', { level: String(level) }],
  show_attribute: (_, [attribute]) => ['show_attribute__sync', { attribute: String(attribute) }],
  reload_tokens: (on) => [on === 'server' ? 'load_server_tokens' : 'load_client_token', {}],
};

async function answerOf(pair: Pair, { on, method, args, aioc, python }: Step): Promise<string> {
  if (pair.kind === 'python' && aioc !== undefined && python === undefined) {
    const [cmd, kwargs] = REQUESTS[method]?.(on, args) ?? assert.fail(`no request for ${method}`);
    const ours = await ConnectorRemoteTool.fromConfig(pair.configs[on]);
    await rejectsWith(
      ours.command(cmd, kwargs, { timeoutMs: SILENCE_MS }),
      'AIOC_TIMEOUT',
      /or not know the command/,
    );
    return 'silence';
  }
  return String(await pair.programs[on].do('tool', { name: method, args }));
}

const withoutPorts = (text: string): string => text.replace(/\b\d{4,5}\b/g, 'PORT');

/** Does the steps with both pairs. @returns what was answered otherwise than it should be */
async function compare(pairs: { python: Pair; aioc: Pair }, steps: readonly Step[]): Promise<unknown[]> {
  const wrong: unknown[] = [];
  for (const step of steps) {
    const theirs = withoutPorts(await answerOf(pairs.python, step));
    const ours = withoutPorts(await answerOf(pairs.aioc, step));
    const right =
      step.aioc === undefined
        ? ours === theirs
        : step.aioc.test(ours) && (step.python ?? /^silence$/).test(theirs);
    if (!right) wrong.push({ ...step, theirs, ours });
  }
  return wrong;
}

test('Python’s tool gets the same answers from Python’s connectors and from ours, to every command it has', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  // With TLS Python's sending now and then stands still (PROTOCOL §9), and with it a command that sends.
  for (const [mode, steps] of [
    ['plain', STEPS],
    ['mutual-tls', TLS_STEPS],
  ] as const) {
    const pairs: { python: Pair; aioc: Pair } = {
      python: await pythonPair(t, python, mode),
      aioc: await aiocPair(t, python, mode),
    };
    assert.deepEqual(await compare(pairs, steps), [], mode);
  }

  const methods =
    'import aioconnectors, inspect; print(*(name for name, _ in inspect.getmembers(aioconnectors.ConnectorRemoteTool, inspect.iscoroutinefunction)))';
  const { stdout } = await run(python.python, ['-c', methods]);
  const used = new Set([...STEPS, ...TLS_STEPS].map(({ method }) => method));
  const others = stdout
    .trim()
    .split(' ')
    .filter((name) => !used.has(name));
  // What is sent besides: any command by its name.
  assert.deepEqual(others, ['send_command']);
});

const VECTORS = join(import.meta.dirname, '../vectors');
const vector = <T>(name: string): T => JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) as T;

interface Recorded {
  readonly on: On;
  readonly command: string;
  readonly args: readonly string[];
  readonly response: string;
}

test('each recorded command is answered as it was recorded, without TLS as then', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const { programs } = await aiocPair(t, python, 'plain');
  const { commands } = vector<{ commands: readonly Recorded[] }>('commander.json');
  // _pubsub is the type that Python adds to every connector's own.
  const alike = (text: string): string => withoutPorts(text).replace(", '_pubsub'", '');
  const wrong: unknown[] = [];
  for (const { on, command: name, args, response } of commands) {
    const answer = await programs[on].do('tool', { name, args });
    if (alike(String(answer)) !== alike(response)) wrong.push([on, name, answer]);
  }
  // The recorded client was subscribed to something, which ours cannot be yet.
  assert.deepEqual(wrong, [
    ['client', 'show_subscribe_message_types', '{}'],
    ['client', 'set_subscribe_message_types', 'aioc has no subscriptions yet: nothing was subscribed to'],
  ]);
});

test('the commands that are answered are those of the recorded requests, and one more', () => {
  const { requests } = vector<{ requests: readonly { cmd: string }[] }>('commander-requests.json');
  const recorded = new Set(requests.map(({ cmd }) => cmd));
  assert.deepEqual([...PYTHON_COMMANDS.keys()].sort(), [...recorded, 'show_attribute__sync'].sort());
});

test('what is not there yet, or was asked for in vain, is in the log as well as in the answer', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const { programs, server } = await aiocPair(t, python, 'mutual-tls');
  const asked: readonly [string, Readonly<Record<string, unknown>>, RegExp][] = [
    ['set_subscribe_message_types', { args: ['type1'] }, /does not support subscriptions/],
    [
      'delete_client_token',
      { client_id: 'client1' },
      /delete_client_token_on_server: .*does not support tokens/,
    ],
    ['reload_tokens', {}, /load_server_tokens: .*does not support tokens/],
    ['remove_whitelist_client', { client_id: 'x7' }, /the whitelist has no entry x7/],
    ['add_blacklist_client', { client_ip: 'here' }, /"here" is not an address/],
    ['delete_client_certificate', { client_id: 'x7' }, /x7 has no certificate/],
    ['show_attribute', { attribute: '__class__' }, /unknown key __class__/],
    ['send_command', { cmd: 'cancel_tasks__sync', kwargs: {} }, /the unknown command cancel_tasks__sync/],
    ['send_command', { cmd: 'restart', kwargs: { connector_socket_only: true } }, /connector_socket_only/],
    ['stop_connector', { enable_delete_files: false }, /not supported yet, ignored: .*enable_delete_files/],
  ];
  for (const [name, given, line] of asked) {
    await programs.server.do('tool', { name, ...given });
    const warned = server.log().some(({ kind, text }) => kind === 'event' && line.test(text));
    assert.ok(warned, `${name}: no line like ${line}`);
  }
});
