import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { makeDirectoryCertificate } from '../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import { type ConfiguredSide, configuredSide, makeCertificates } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

const random = realRandomness();
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

async function serverWithClient(t: TestContext) {
  const directory = tempDir(t);
  await makeCertificates(directory, tempDir(t));
  const server = await configuredSide(
    t,
    { is_server: true, server_sockaddr: ['127.0.0.1', await freePort()] },
    directory,
  );
  const made = await makeDirectoryCertificate('bob', { random, wallNowMs: Date.now() });
  const known = await ServerCertificates.open({ directory, random, wallNow: Date.now });
  await known.accept('bob', made.certificatePem);
  await server.engine.start();
  return { server, credentials: { key: made.privateKeyPem, cert: made.certificatePem } };
}

/** A client that keeps whatever session it is given, and says nothing. */
async function connect(t: TestContext, server: ConfiguredSide, options: tls.ConnectionOptions) {
  const sessions: Buffer[] = [];
  let receivedBytes = 0;
  const place = { host: '127.0.0.1', port: server.status().port, rejectUnauthorized: false };
  const socket = tls.connect({ ...place, ...options });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('session', (session: Buffer) => void sessions.push(session));
  socket.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
  });
  let isClosed = false;
  socket.once('close', () => {
    isClosed = true;
  });
  await once(socket, 'secureConnect');
  const session = socket.getSession();
  if (session !== undefined) sessions.push(session);
  return { socket, sessions, isClosed: () => isClosed, receivedBytes: () => receivedBytes };
}

for (const version of VERSIONS) {
  test(`${version}: once its certificate is deleted, a client is cut off, and neither a new connection nor a saved session helps`, async (t) => {
    const { server, credentials } = await serverWithClient(t);
    const options = { ...credentials, minVersion: version, maxVersion: version };
    const live = await connect(t, server, options);
    await waitFor(
      () => server.peers().some(({ wireName, state }) => wireName === 'bob' && state === 'connected'),
      {
        what: 'bob to be connected',
      },
    );
    assert.ok(live.sessions.length > 0, 'there is something to resume');
    assert.equal(
      (await server.engine.engine.execute({ kind: 'certificate.delete', peer: server.peers()[0]?.id ?? '' }))
        .ok,
      true,
    );
    await waitFor(live.isClosed, { what: 'the live connection to be cut', timeoutMs: 5_000 });
    for (const session of [undefined, ...live.sessions]) {
      const again = await connect(t, server, { ...options, ...(session && { session }) });
      assert.equal(again.socket.isSessionReused(), false);
      await waitFor(again.isClosed, {
        what: 'a connection with the deleted certificate to be closed',
        timeoutMs: 5_000,
      });
      assert.equal(again.receivedBytes(), 0);
    }
    assert.ok(server.peers().every(({ state }) => state !== 'connected'));
  });
}

test('a client that asks for a renegotiation of TLS gets none', async (t) => {
  const { server, credentials } = await serverWithClient(t);
  const { socket, isClosed } = await connect(t, server, { ...credentials, maxVersion: 'TLSv1.2' });
  const handshakes = new Promise<Error | null>((resolve) => {
    socket.once('error', resolve);
    socket.renegotiate({}, resolve);
  });
  const outcome = await deadline(handshakes, 5_000, 'the answer').catch((error: Error) => error);
  assert.ok(outcome instanceof Error || isClosed(), 'it was not renegotiated');
});
