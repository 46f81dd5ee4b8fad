/** S8: where names are identities, nobody is shown under a name of its own choice. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import {
  type ConfiguredSide,
  configuredPair,
  configuredSide,
  type Mode,
} from '../helpers/configured-connectors.ts';
import { RawPeer, rawClient, rawServer } from '../helpers/raw-peer.ts';
import { realSide } from '../helpers/real-connectors.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const names = (side: ConfiguredSide): string[] =>
  side
    .peers()
    .map(({ name }) => name)
    .sort();

/** All that the log of this side has said about a peer of this name. */
const saidOf = (side: ConfiguredSide, name: string): string[] =>
  side.log().flatMap(({ peerName, text }) => (peerName === name ? [text] : []));

for (const mode of ['plain', 'tls-allow-all', 'mutual-tls'] satisfies Mode[]) {
  test(`${mode}: a client that calls itself otherwise is shown under its name, and the true one under its own`, async (t) => {
    const { server } = await configuredPair(t, mode);
    const options = { mode, server, peerKind: 'aioc' } as const;
    await rawClient(t, { ...options, name: 'mallory', displayName: 'dave' });
    await waitFor(() => saidOf(server, 'mallory').some((text) => /^connected from/.test(text)), {
      what: 'mallory in the log',
    });
    const dave = await rawClient(t, { ...options, name: 'dave', displayName: 'mallory' });
    await waitFor(() => names(server).length === 3, { what: 'three clients' });
    assert.deepEqual(names(server), ['client1', 'dave', 'mallory']);
    dave.destroy();
    await waitFor(() => saidOf(server, 'dave').some((text) => /^away/.test(text)), {
      what: 'dave to be away',
    });
    assert.ok(!saidOf(server, 'mallory').some((text) => /^away/.test(text)));
    assert.ok(server.log().every(({ peerName }) => !peerName.includes('(2)')));
  });
}

test('a server that calls itself otherwise is shown under the name that its client has for it', async (t) => {
  const server = await rawServer(t, { mode: 'plain', directory: tempDir(t), peerKind: 'aioc' });
  const client = await configuredSide(
    t,
    { is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', server.port], use_ssl: false },
    tempDir(t),
  );
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.kind === 'aioc', { what: 'the connection' });
  assert.deepEqual(names(client), [`('127.0.0.1', ${server.port})`]);
});

test('who asks for a certificate in another’s name and gets none is not logged under that name', async (t) => {
  const { server, client } = await configuredPair(t, 'mutual-tls');
  const file = (name: string): string =>
    readFileSync(join(client.directory, 'certificates/client/client-certs', name), 'utf8');
  const credentials = { key: file('default.key'), cert: file('default.pem'), rejectUnauthorized: false };
  const socket = tls.connect({ host: '127.0.0.1', port: server.status().port, ...credentials });
  t.after(() => socket.destroy());
  const handler = new RawPeer(socket, { peerKind: 'python', name: 'client1' });
  const before = saidOf(server, 'client1');
  handler.send(
    { message_type: '_ssl', source_id: 'client1' },
    JSON.stringify({ cmd: 'get_new_certificate' }),
  );
  await waitFor(() => handler.isClosed, { what: 'the refusal' });
  await waitFor(
    () => server.log().some(({ text }) => /requested a certificate for client1 and received none/.test(text)),
    {
      what: 'it in the log',
    },
  );
  assert.deepEqual(saidOf(server, 'client1'), before);
});

test('in the chat, where nobody has a name of its own, people are shown as they call themselves', async (t) => {
  const server = await realSide(t, { role: 'server', displayName: 'ada' });
  await server.engine.start();
  const client = await realSide(t, { role: 'client', port: server.status().port, displayName: 'ben' });
  await client.engine.start();
  await waitFor(() => server.peers()[0]?.name === 'ben' && client.peers()[0]?.name === 'ada', {
    what: 'both names',
  });
});
