import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { paneText } from '../helpers/aioc-session.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SLOW = { timeoutMs: 30_000 };

interface Side {
  readonly directory: string;
  readonly file: string;
}

/** A directory with a configuration file, in which everything of that connector lies. */
function side(t: TestContext, name: string, config: Readonly<Record<string, unknown>>): Side {
  const directory = tempDir(t);
  const file = join(directory, `${name}.json`);
  const places = {
    connector_files_dirpath: directory,
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  return { directory, file };
}

/** `aioc FILE` in a terminal. */
function watch({ file }: Side): PtySession {
  return PtySession.start({
    command: process.execPath,
    args: [builtProgram(), file],
    columns: 120,
    rows: 40,
  });
}

const peersOf = (session: PtySession): string => paneText(session.screen(), '1 Peers');
const logOf = ({ directory }: Side): string => readFileSync(join(directory, 'aioconnectors.log'), 'utf8');
const connections = (log: string, pattern: RegExp): number => [...log.matchAll(pattern)].length;

/** Waits until the list of peers shows somebody in a state. */
async function peerIs(session: PtySession, pattern: RegExp): Promise<void> {
  await session.waitFor(() => pattern.test(peersOf(session)), { what: `${pattern} in Peers`, ...SLOW });
}

/** The selected peer is to be deleted: types the name and chooses Delete. */
async function deleteCertificate(session: PtySession, name: string): Promise<void> {
  session.press('d');
  await session.waitFor(`Delete ${name}’s certificate?`);
  assert.match(session.screenText(), new RegExp(`Type ${name} to confirm`));
  assert.match(session.screenText(), /\[ Cancel ]/);
  session.type(name);
  await session.waitFor(`› ${name} `);
  session.press('tab');
  await session.waitFor('[ Delete ]');
  session.press('enter');
  await session.waitFor(`Certificate of ${name}`);
}

/** Leaves the chat's line, if the focus is there, for the list of peers. */
async function goToPeers(session: PtySession): Promise<void> {
  session.press('alt-1');
  await session.waitFor('d delete certificate', SLOW);
}

test('d on the server cuts one client at once, d on that client brings it back with a new certificate, the other never notices', async (t) => {
  const port = await freePort();
  const common = { server_sockaddr: ['127.0.0.1', port] };
  const server = side(t, 'server', { ...common, is_server: true });
  const client1 = side(t, 'client1', { ...common, is_server: false, client_name: 'client1' });
  const client2 = side(t, 'client2', { ...common, is_server: false, client_name: 'client2' });
  const made = await runProgram(t, ['create_certificates', server.directory], server.directory);
  assert.equal(made.exitCode, 0, made.errors);
  for (const { directory } of [client1, client2])
    cpSync(join(server.directory, 'certificates/client'), join(directory, 'certificates/client'), {
      recursive: true,
    });

  await using onServer = watch(server);
  await onServer.waitFor('"server_sockaddr"', SLOW);
  await onServer.waitFor(new RegExp(`● server 127\\.0\\.0\\.1:${port} · mutual TLS`), SLOW);
  assert.doesNotMatch(onServer.screenText(), /aioc --target|accepts everyone/);
  await using onClient1 = watch(client1);
  await using onClient2 = watch(client2);
  for (const name of ['client1', 'client2']) await peerIs(onServer, new RegExp(`● ${name} `));
  for (const client of [onClient1, onClient2]) await peerIs(client, /● \('127\.0\./);
  await waitFor(() => logOf(client2).includes('received its own certificate'), {
    what: 'its own certificate',
  });

  const certificate = join(client1.directory, 'certificates/client/client-certs/client1.pem');
  const first = readFileSync(certificate, 'utf8');
  await goToPeers(onServer);
  onServer.press('home');
  await onServer.waitFor(/›● client1/);
  await deleteCertificate(onServer, 'client1');
  assert.match(onServer.screenText(), /deleted, and client1 is disconnected/);
  assert.match(onServer.screenText(), /python3 -m aioconnectors cli/);
  await peerIs(onServer, /○ client1 +away/);
  await peerIs(onServer, /● client2/);
  await onClient1.waitFor(/try \d/, SLOW);

  await goToPeers(onClient1);
  await deleteCertificate(onClient1, 'client1');
  assert.match(onClient1.screenText(), /requests a new one/);
  onClient1.press('escape');
  await peerIs(onClient1, /● \('127\.0\./);
  onServer.press('escape');
  await peerIs(onServer, /● client1/);
  assert.notEqual(readFileSync(certificate, 'utf8'), first, 'it is a new certificate');

  assert.match(peersOf(onServer), /● client2/);
  assert.equal(connections(logOf(server), /client2: connected from/g), 1);
  assert.equal(connections(logOf(client2), /connected to/g), 1);
  assert.doesNotMatch(logOf(client2), /WARNING/);
});
