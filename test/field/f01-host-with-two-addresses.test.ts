import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createChatEngine } from '../../engine/index.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { configuredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { withHosts } from '../helpers/other-hosts.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

/** The first address refuses: who listens does so on the second only. */
const HOSTS = ['::1 localhost', '127.0.0.1 localhost'];
const SLOW_MS = 30_000;

/** The real program with a host file of its own; skips the test where there can be none. */
function program(t: TestContext, words: readonly string[]): ReturnType<typeof spawn> | undefined {
  const home = tempDir(t);
  const command = withHosts(home, HOSTS);
  const hasIPv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6');
  if (command === undefined || !hasIPv6) {
    t.skip('this machine gives no mount namespace, or has no ::1');
    return undefined;
  }
  const [file, args] = command([process.execPath, builtProgram(), ...words]);
  const env = { PATH: process.env['PATH'], HOME: home };
  const child = spawn(file, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('the real program sends a file to a host whose first address refuses', async (t) => {
  const [port, directory] = [await freePort(), tempDir(t)];
  const note = join(directory, 'note.txt');
  writeFileSync(note, 'a note');
  const server = await createChatEngine({
    role: 'server',
    host: '127.0.0.1',
    port,
    displayName: 'ada',
    version: '0.0.0',
    useTls: true,
    acceptAll: true,
    stateDirectory: join(directory, 'state'),
    receivedDirectory: join(directory, 'received'),
  });
  await server.start();
  t.after(() => server.stop({ hard: true }));
  const child = program(t, ['chat', '--target', 'localhost', '--port', `${port}`, '--upload', note]);
  if (child?.stdout == null || child.stderr === null) return;
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const [stdout, stderr, [exitCode, signal]] = await deadline(ended, SLOW_MS, 'the end of the upload');
  assert.deepEqual([exitCode, signal, stderr], [0, null, '']);
  assert.equal(stdout, 'sent note.txt (6 B), saved by the peer as note.txt\n');
  assert.equal(readFileSync(join(directory, 'received/note.txt'), 'utf8'), 'a note');
});

test('a daemon of the real program connects to a host whose first address refuses', async (t) => {
  const [port, directory, own] = [await freePort(), tempDir(t), tempDir(t)];
  const common = { use_ssl: true, ssl_allow_all: true };
  const server = await configuredSide(
    t,
    { ...common, is_server: true, server_sockaddr: ['127.0.0.1', port] },
    directory,
  );
  await server.engine.start();
  const config = {
    ...common,
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['localhost', port],
    connector_files_dirpath: own,
    default_logger_dirpath: own,
  };
  const file = join(own, 'client.json');
  writeFileSync(file, JSON.stringify(config));
  const child = program(t, ['--headless', file]);
  if (child === undefined) return;
  await waitFor(() => server.status().peersConnected === 1, { what: 'the daemon', timeoutMs: SLOW_MS });
  child.kill('SIGTERM');
  const [exitCode, signal] = await deadline(once(child, 'close'), SLOW_MS, 'its end');
  assert.deepEqual([exitCode, signal], [0, null]);
});
