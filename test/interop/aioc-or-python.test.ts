import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../source/index.ts';
import { type ConfiguredSide, configuredSide, makeCertificates } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { type PythonConnector, startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAME = 'edge-1';
const PATIENT = { timeoutMs: 30_000 };
const DOWNGRADED = /was aioc before but is Python now/;

async function pythonOrSkip(t: TestContext): Promise<PythonPeer | undefined> {
  const found = await findPython();
  if (!('unavailable' in found)) return found;
  t.skip(found.unavailable);
  return undefined;
}

interface Places {
  readonly home: string;
  readonly clientHome: string;
  readonly address: { readonly server_sockaddr: readonly [string, number] };
}

/** The directories in which a server, and a client, of either kind find what the one before has left. */
async function places(t: TestContext): Promise<Places> {
  const [home, clientHome] = [tempDir(t), tempDir(t)];
  await makeCertificates(home, clientHome);
  return { home, clientHome, address: { server_sockaddr: ['127.0.0.1', await freePort()] } };
}

const shows = (side: ConfiguredSide, kind: string): Promise<unknown> =>
  waitFor(() => side.peers()[0]?.kind === kind && side.peers()[0]?.state === 'connected', {
    ...PATIENT,
    what: `a peer that is ${kind}`,
  });
const away = (side: ConfiguredSide): Promise<unknown> =>
  waitFor(() => side.peers()[0]?.state !== 'connected', { ...PATIENT, what: 'the peer to be away' });
const downgrades = (side: ConfiguredSide): number =>
  side
    .log()
    .filter(({ text }) => DOWNGRADED.test(text))
    .reduce((sum, { repeats = 1 }) => sum + repeats, 0);

async function apiOf({ configPath }: ConfiguredSide): Promise<ConnectorAPI> {
  return ConnectorAPI.fromConfig(configPath);
}

/** Sends a message and sees it arrive at a program on the Python connector. */
async function reaches(
  t: TestContext,
  python: PythonPeer,
  { from, connector }: { readonly from: ConfiguredSide; readonly connector: PythonConnector },
): Promise<void> {
  const program = new PythonProgram(t, python, join(connector.directory, 'config.json'));
  await program.do('listen', { message_type: 'any' });
  const api = await apiOf(from);
  await api.send({ messageType: 'any', destinationId: NAME, data: 'for Python' });
  api.close();
  const heard = async (): Promise<boolean> => {
    const messages = (await program.do('messages_of', { message_type: 'any' })) as { data: string }[];
    return messages.some(({ data }) => data === 'for Python');
  };
  await waitFor(heard, { ...PATIENT, what: 'the message at the Python program' });
}

test('a Python client in the place of an aioc one, which says nothing, and an aioc one in its place again', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const { home, clientHome, address } = await places(t);
  const server = await configuredSide(t, { ...address, is_server: true }, home);
  await server.engine.start();
  const identity = { ...address, is_server: false, client_name: NAME };

  const first = await configuredSide(t, identity, clientHome);
  await first.engine.start();
  await shows(server, 'aioc');
  await first.engine.stop();
  await away(server);

  const config = { ...identity, certificates_directory_path: clientHome };
  const second = startPythonConnector(t, python, config);
  await shows(server, 'python');
  assert.equal(downgrades(server), 1);
  await reaches(t, python, { from: server, connector: second });
  await second.stop();
  await away(server);

  const third = await configuredSide(t, identity, clientHome);
  await third.engine.start();
  await shows(server, 'aioc');
  await shows(third, 'aioc');
  assert.equal(server.peers().length, 1, 'one name, one peer');
  assert.equal(downgrades(server), 1);
});

test('a Python server in the place of an aioc one, and an aioc one in its place again', async (t) => {
  const python = await pythonOrSkip(t);
  if (python === undefined) return;
  const { home, clientHome, address } = await places(t);
  const identity = { ...address, is_server: true };
  const first = await configuredSide(t, identity, home);
  await first.engine.start();
  const client = await configuredSide(t, { ...address, is_server: false, client_name: NAME }, clientHome);
  await client.engine.start();
  await shows(client, 'aioc');
  await first.engine.stop();
  await away(client);

  // A port that was in use a moment ago is refused to Python otherwise.
  const reuse = { reuse_server_sockaddr: true, certificates_directory_path: home };
  const second = startPythonConnector(t, python, { ...identity, ...reuse });
  await shows(client, 'python');
  assert.equal(downgrades(client), 1);
  await reaches(t, python, { from: client, connector: second });
  await second.stop();
  await away(client);

  const third = await configuredSide(t, identity, home);
  await third.engine.start();
  await shows(client, 'aioc');
  assert.equal(downgrades(client), 1);
  await waitFor(() => third.peers()[0]?.kind === 'aioc', { ...PATIENT, what: 'the client at the server' });
});
