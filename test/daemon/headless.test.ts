import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorRemoteTool, createCertificates } from '../../engine/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { NOBODY_ID, programForEverybody } from '../helpers/program-for-everybody.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Place {
  readonly directory: string;
  readonly file: string;
}

function place(t: TestContext, config: Readonly<Record<string, unknown>>): Place {
  const directory = tempDir(t);
  const file = join(directory, 'connector.json');
  const places = {
    connector_files_dirpath: directory,
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  return { directory, file };
}

const logOf = ({ directory }: Place): string => readFileSync(join(directory, 'aioconnectors.log'), 'utf8');

test('two daemons find each other over mutual TLS, say so in their logs and in status, and end in order', async (t) => {
  const port = await freePort();
  const server = place(t, { is_server: true, server_sockaddr: ['127.0.0.1', port] });
  const client = place(t, { is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', port] });
  await makeCertificates(server.directory, client.directory);
  const serverDaemon = new Daemon(t, ['--headless', server.file], server.directory);
  await serverDaemon.ready();
  assert.match(
    serverDaemon.output,
    new RegExp(`^aioc ready: server on 127.0.0.1:${port}, mutual TLS, process \\d+\\n$`),
  );
  const clientDaemon = new Daemon(t, ['create_connector', client.file], client.directory);
  await clientDaemon.ready();
  await waitFor(() => /client1: connected from/.test(logOf(server)), { what: 'the connection in the log' });
  const status = await runProgram(
    t,
    ['status', '--json', '--connector_files_dirpath', server.directory],
    server.directory,
  );
  assert.equal(status.exitCode, 0, status.errors);
  const [seen] = JSON.parse(status.output) as { connector: string; peers: Record<string, unknown> }[];
  assert.equal(seen?.connector, `127.0.0.1 ${port}`);
  assert.deepEqual(Object.keys(seen?.peers ?? {}), ['client1']);
  const asText = await runProgram(
    t,
    ['status', '--connector_files_dirpath', client.directory],
    client.directory,
  );
  assert.match(
    asText.output,
    new RegExp(
      `● client1 .*\\n {4}its certificate: valid for \\d+ days\\n {4}127\\.0\\.0\\.1:${port} {2}connected, 0 to send`,
    ),
  );
  for (const daemon of [clientDaemon, serverDaemon]) {
    daemon.process.kill('SIGTERM');
    assert.equal((await daemon.finished()).exitCode, 0);
  }
  const left = readdirSync(server.directory).filter(
    (name) => name.startsWith('uds_') || name.endsWith('.pid'),
  );
  assert.deepEqual(left, [], 'no socket and no pid file is left');
  assert.equal(readFileSync(join(server.directory, 'active_connectors.json'), 'utf8'), '[]');
});

test('a second start says who runs it already, and leaves that one alone', async (t) => {
  const port = await freePort();
  const here = place(t, { server_sockaddr: ['127.0.0.1', port], use_ssl: false });
  const first = new Daemon(t, ['--headless', here.file], here.directory);
  await first.ready();
  const second = await runProgram(t, ['--headless', here.file], here.directory);
  assert.equal(second.exitCode, 1);
  assert.match(
    second.errors,
    new RegExp(`already running.*process ${first.process.pid}\\).*AIOC_ALREADY_RUNNING`),
  );
  const status = await runProgram(
    t,
    ['status', '--json', '--connector_files_dirpath', here.directory],
    here.directory,
  );
  assert.equal(status.exitCode, 0, 'the first still answers');
});

test('after kill -9 a connector starts again by itself, and its client comes back, time and again', async (t) => {
  const port = await freePort();
  const server = place(t, { is_server: true, server_sockaddr: ['127.0.0.1', port] });
  const client = place(t, { is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', port] });
  await makeCertificates(server.directory, client.directory);
  const tool = await ConnectorRemoteTool.fromConfig(server.file);
  let daemons = [server, client].map(({ file, directory }) => new Daemon(t, ['--headless', file], directory));
  const connected = async (): Promise<void> => {
    // Asked from here, as `aioc status` would: a program for each question takes half a second.
    await waitFor(
      () =>
        tool.showConnectedPeers().then(
          (peers) => Object.hasOwn(peers, 'client1'),
          () => false,
        ),
      { what: 'the client to be connected', timeoutMs: 20_000 },
    );
  };
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(daemons.map((daemon) => daemon.ready()));
    await connected();
    const killed = round % 2;
    await daemons[killed]?.killed();
    const { file, directory } = [server, client][killed] as Place;
    daemons = daemons.map((daemon, index) =>
      index === killed ? new Daemon(t, ['--headless', file], directory) : daemon,
    );
  }
  await Promise.all(daemons.map((daemon) => daemon.ready()));
  await connected();
});

test('SIGHUP opens the log anew: one that was moved away is left, and a new one begun', async (t) => {
  const here = place(t, { server_sockaddr: ['127.0.0.1', await freePort()], use_ssl: false });
  const daemon = new Daemon(t, ['--headless', here.file], here.directory);
  await daemon.ready();
  const log = join(here.directory, 'aioconnectors.log');
  await waitFor(() => existsSync(log), { what: 'the log' });
  renameSync(log, `${log}.moved`);
  daemon.process.kill('SIGHUP');
  await waitFor(() => existsSync(log), { what: 'a new log' });
  assert.equal(daemon.process.exitCode, null);
});

const WRONG: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['a misspelt key about security', { use_sll: true }, /use_sll.*use_ssl/s],
  ['a wrong type', { use_ssl: 'yes' }, /use_ssl.*"yes".*true or false/s],
  ['a feature whose absence would be unsafe', { use_token: true }, /use_token/],
  [
    'certificates that are not there',
    { certificates_directory_path: '/nonexistent/place' },
    /create_certificates/,
  ],
  [
    'a socket path that is too long',
    { connector_files_dirpath: `/tmp/${'x'.repeat(90)}`, use_ssl: false },
    /104/,
  ],
  [
    'an address that is not ours',
    { server_sockaddr: ['203.0.113.1', 10673], use_ssl: false },
    /203\.0\.113\.1/,
  ],
];

for (const [what, config, message] of WRONG) {
  test(`${what} is one clear error, exit code 1, and nothing is left behind`, async (t) => {
    const here = place(t, config);
    const before = readdirSync(here.directory);
    const { exitCode, errors, output } = await runProgram(t, ['--headless', here.file], here.directory);
    assert.equal(exitCode, 1, errors);
    assert.match(errors, message);
    assert.equal(output, '');
    const kept = readdirSync(here.directory).filter(
      (name) => !before.includes(name) && !/\.log$|^\.local$|active_connectors/.test(name),
    );
    assert.deepEqual(kept, []);
  });
}

test('a directory that its user may not write to is one clear error that names the key, and nothing is left behind', async (t) => {
  // Root may write everywhere: its tests run the daemon as somebody else.
  const uid = process.getuid?.() === 0 ? NOBODY_ID : undefined;
  const theirs = uid === undefined ? '/usr' : tempDir(t);
  const port = await freePort();
  const here = place(t, {
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: false,
    connector_files_dirpath: theirs,
  });
  if (uid !== undefined) {
    chmodSync(theirs, 0o755);
    chownSync(here.directory, uid, uid);
  }
  const before = readdirSync(theirs);
  const as = uid === undefined ? {} : { uid, program: programForEverybody(t) };
  const { exitCode, errors, output } = await new Daemon(
    t,
    ['--headless', here.file],
    here.directory,
    as,
  ).finished();
  assert.equal(exitCode, 1, errors);
  assert.match(
    errors,
    /^aioc: connector_files_dirpath: .*user \d+ may not write to .*connector_files_dirpath.*\[AIOC_CONFIG\]\n$/,
  );
  assert.equal(output, '');
  assert.deepEqual(readdirSync(theirs), before);
});

for (const side of ['server', 'client'] as const) {
  test(`a ${side}'s certificate and a key of another are one clear error, and nothing is left behind`, async (t) => {
    const here = place(t, {
      is_server: side === 'server',
      client_name: 'client1',
      server_sockaddr: ['127.0.0.1', await freePort()],
    });
    const other = tempDir(t);
    for (const directory of [here.directory, other]) await createCertificates(directory);
    const key = side === 'server' ? 'server/server-cert/server.key' : 'client/client-certs/default.key';
    copyFileSync(join(other, 'certificates', key), join(here.directory, 'certificates', key));
    const before = readdirSync(here.directory);
    const { exitCode, errors, output } = await runProgram(t, ['--headless', here.file], here.directory);
    assert.equal(exitCode, 1, errors);
    assert.match(errors, /^aioc: .*\.key is damaged or does not belong to .*\.pem.*\[AIOC_CERTIFICATES\]\n$/);
    assert.equal(output, '');
    const kept = readdirSync(here.directory).filter(
      (name) => !before.includes(name) && !name.endsWith('.log'),
    );
    assert.deepEqual(kept, []);
  });
}

test('a port that is taken is said to be, by whom if that is an aioc of this user', async (t) => {
  const port = await freePort();
  const home = tempDir(t);
  const [one, other] = [0, 1].map(() =>
    place(t, { server_sockaddr: ['127.0.0.1', port], use_ssl: false }),
  ) as [Place, Place];
  const first = new Daemon(t, ['--headless', one.file], home);
  await first.ready();
  const second = await runProgram(t, ['--headless', other.file], home);
  assert.equal(second.exitCode, 1);
  assert.match(second.errors, new RegExp(`port ${port} is taken by aioc.*process ${first.process.pid}`));
});
