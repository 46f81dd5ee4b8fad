/** `aioc status` finds Python's connectors, those too that stand in no list since they wait for their server. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython } from '../helpers/python-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PATIENT = { timeoutMs: 30_000 };

interface Seen {
  readonly connector: string;
  readonly alive: boolean;
  readonly peers: Readonly<Record<string, readonly [string, number]>>;
}

test('aioc status beside Python’s connectors: a connected pair, and a client that waits for its server', async (t) => {
  const python = await findPython();
  if ('unavailable' in python) return t.skip(python.unavailable);
  const directory = tempDir(t);
  const [port, nobodysPort] = [await freePort(), await freePort()];
  const common = { use_ssl: false, send_message_types: ['any'], recv_message_types: ['any'] };
  const start = (config: Readonly<Record<string, unknown>>) =>
    startPythonConnector(t, python, { ...common, connector_files_dirpath: directory, ...config });
  start({ is_server: true, server_sockaddr: ['127.0.0.1', port] });
  start({ is_server: false, client_name: 'edge-1', server_sockaddr: ['127.0.0.1', port] });
  const waiting = start({
    ...{ is_server: false, client_name: 'lonely', server_sockaddr: ['127.0.0.1', nobodysPort] },
  });
  const status = (...words: string[]) =>
    runProgram(t, ['status', ...words, '--connector_files_dirpath', directory], tempDir(t));
  const all = await waitFor(
    async () => {
      const { output, exitCode } = await status('--json');
      const seen: Seen[] = JSON.parse(output);
      const peers = seen.flatMap((one) => Object.keys(one.peers));
      return seen.length === 3 && peers.length === 2 && exitCode === 0 ? seen : undefined;
    },
    { ...PATIENT, what: 'three connectors, two of them with a peer' },
  );
  const of = (name: string) => all.find(({ connector }) => connector === name);
  assert.ok(all.every(({ alive }) => alive));
  assert.deepEqual(Object.keys(of(`127.0.0.1 ${port}`)?.peers ?? {}), ['edge-1']);
  assert.deepEqual(of('edge-1')?.peers, { [`('127.0.0.1', ${port})`]: ['127.0.0.1', port] });
  assert.deepEqual(of('lonely')?.peers, {});
  const list = readFileSync(join(directory, 'active_connectors.json'), 'utf8');
  assert.ok(!list.includes('lonely'), 'Python lists no client that is not connected');

  const { output, errors } = await status();
  assert.equal(errors, '');
  assert.match(output, /^● lonely {2}in .*\n {4}not connected to its server$/m);
  assert.match(
    output,
    new RegExp(`^● edge-1 {2}in .*\\n {4}127\\.0\\.0\\.1:${port} {2}connected, 0 to send$`, 'm'),
  );
  assert.match(
    output,
    new RegExp(`^● 127\\.0\\.0\\.1 ${port} {2}in .*\\n {4}edge-1 {2}connected from 127\\.0\\.0\\.1:`, 'm'),
  );

  await waiting.killed();
  await waitFor(async () => !(await status()).output.includes('lonely'), {
    what: 'what was killed to be gone',
  });
  assert.ok(existsSync(join(directory, 'uds_path_commander_lonely')), 'its socket is still there');
});
