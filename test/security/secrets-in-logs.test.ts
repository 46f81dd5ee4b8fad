/** Row 30: keys, passwords and what messages say are in no log line and in no error, also where something goes wrong. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, parseConfig } from '../../engine/index.ts';
import type { LogLine } from '../../engine/log-files/log-file.ts';
import { configuredSide, makeCertificates } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { frameWith, MALFORMED } from '../helpers/malformed-frames.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SECRET = 'hunter2-xyzzy';

/** All keys below a directory, as lines of base64. */
function keyLines(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.key'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line.length > 20 && !line.startsWith('-----'));
}

function assertClean(texts: readonly string[], directories: readonly string[]): void {
  const keys = directories.flatMap(keyLines);
  assert.ok(keys.length > 0, 'there are keys to look for');
  for (const text of texts) {
    assert.ok(!text.includes(SECRET), text);
    assert.ok(!text.includes('PRIVATE KEY'), text);
    for (const line of keys) assert.ok(!text.includes(line), text);
  }
}

async function mutualPair(t: TestContext) {
  const lines: LogLine[] = [];
  const [serverDirectory, clientDirectory] = [tempDir(t), tempDir(t)];
  await makeCertificates(serverDirectory, clientDirectory);
  const common = { server_sockaddr: ['127.0.0.1', await freePort()], send_message_types: ['any'] };
  const options = { onLogLine: (line: LogLine) => void lines.push(line) };
  const server = await configuredSide(t, { ...common, is_server: true }, serverDirectory, options);
  await server.engine.start();
  const client = await configuredSide(
    t,
    { ...common, is_server: false, client_name: 'client1' },
    clientDirectory,
    options,
  );
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.state === 'connected', {
    what: 'the connection',
    timeoutMs: 15_000,
  });
  return { server, client, lines };
}

test('enrolment, messages, bad frames, bad commands and damaged keys leave no secret in a log or an error', async (t) => {
  const { server, client, lines } = await mutualPair(t);
  const errors: string[] = [];
  const note = (error: unknown): void => void errors.push(String((error as Error).stack));

  const api = await ConnectorAPI.fromConfig(client.configPath);
  t.after(() => api.close());
  await api.send({ messageType: 'any', data: SECRET }).catch(note);
  await api.send({ messageType: 'other', data: SECRET }).catch(note);
  const mallory = await rawClient(t, { mode: 'mutual-tls', server, name: 'mallory', peerKind: 'python' });
  mallory.send({ message_type: 'unknown' }, SECRET);
  mallory.send({ source_id: 'client1' }, SECRET);
  mallory.write(Buffer.concat([frameWith('{"message_type": "any", "tag": 5}', SECRET)]));
  await waitFor(() => mallory.isClosed, { what: 'the end of mallory' });
  for (const [socket, bytes] of [
    ['uds_path_send_to_connector_client_client1', frameWith('{"message_type": "other"}', SECRET)],
    ['uds_path_send_to_connector_client_client1', MALFORMED[0]?.bytes ?? Buffer.alloc(0)],
    ['uds_path_commander_client1', frameWith(`{"cmd": "x", "kwargs": {"a": "${SECRET}"}}`).subarray(4)],
  ] as const) {
    const program = net.connect({ path: join(client.directory, 'run', socket) });
    t.after(() => program.destroy());
    program.on('error', () => undefined);
    program.write(bytes);
  }
  await waitFor(() => lines.filter(({ text }) => /local program/.test(text)).length >= 2, {
    what: 'the warnings',
  });

  await client.engine.stop({ hard: true });
  const keyPath = join(client.directory, 'certificates/client/client-certs/client1.key');
  const key = readFileSync(keyPath, 'utf8');
  for (const damaged of [key.slice(0, 300), key.replace(/A/g, 'B'), `${SECRET}\n${key}`, SECRET]) {
    writeFileSync(keyPath, damaged);
    const common = { server_sockaddr: ['127.0.0.1', server.status().port] };
    await configuredSide(t, { ...common, is_server: false, client_name: 'client1' }, client.directory, {
      onLogLine: (line) => void lines.push(line),
    })
      .then((again) => again.engine.start())
      .catch(note);
  }
  writeFileSync(keyPath, key);
  assert.ok(errors.length > 0);
  assertClean([...lines.map(({ text }) => text), ...errors], [server.directory, client.directory]);
});

test('a configuration with faults does not repeat the password of its proxy', () => {
  const authorization = { username: 'me', password: SECRET };
  const proxies = [
    { enabled: true, address: 'a', port: 1, authorization },
    { enabled: SECRET, authorization },
    { authorization: SECRET },
    { authorization: { ...authorization, pasword: SECRET } },
    [SECRET],
  ];
  for (const proxy of proxies) {
    let told = '';
    try {
      const { warnings } = parseConfig({ is_server: true, proxy }, { source: 'x.json', role: 'manager' });
      told = warnings.join('\n');
    } catch (error) {
      told = String((error as Error).stack);
    }
    assert.ok(!told.includes(SECRET), told);
  }
});
