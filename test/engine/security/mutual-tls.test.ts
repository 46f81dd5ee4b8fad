import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { PeerCertificate, TlsSettings } from '../../../engine/base/ports.ts';
import { realClock } from '../../../engine/base/real-ports.ts';
import { dial } from '../../../engine/peers/dial/dial.ts';
import { realNetwork } from '../../../engine/peers/network.ts';
import { ClientCertificates } from '../../../engine/security/client-certificates.ts';
import { serverFault } from '../../../engine/security/pinned-server.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { madeDirectory, random } from '../../helpers/certificates-directory.ts';
import { deadline } from '../../helpers/wait-for.ts';

const DAY = 86_400_000;
const network = realNetwork();

interface Met {
  readonly atServer: PeerCertificate | undefined;
  readonly atClient: PeerCertificate | undefined;
}

/** What each side sees of the other over the real network. */
async function meet(server: TlsSettings, client: TlsSettings): Promise<Met> {
  const seen = new EventTarget();
  let atServer: PeerCertificate | undefined;
  let atClient: PeerCertificate | undefined;
  const nothing = { onTcpOpen() {}, onData() {}, onDrain() {}, onClose() {} };
  const arrived = once(seen, 'server');
  const listener = await network.listen({
    host: '127.0.0.1',
    port: 0,
    tls: server,
    onConnection: (connection) =>
      connection.listen({
        ...nothing,
        onOpen: (certificate) => {
          atServer = certificate;
          seen.dispatchEvent(new Event('server'));
        },
      }),
  });
  const dialled = dial(
    { network, clock: realClock() },
    { host: '127.0.0.1', port: listener.port, tls: client },
  );
  const opened = new Promise<void>((resolve) =>
    dialled.listen({
      ...nothing,
      onOpen: (certificate) => {
        atClient = certificate;
        resolve();
      },
    }),
  );
  await deadline(Promise.all([arrived, opened]), 5_000, 'both sides');
  dialled.destroy();
  await listener.close();
  return { atServer, atClient };
}

async function bothHalves(
  t: TestContext,
): Promise<{ server: ServerCertificates; client: ClientCertificates }> {
  const { directory } = await madeDirectory(t);
  const server = await ServerCertificates.open({ directory, random, wallNow: Date.now });
  return { server, client: new ClientCertificates({ directory, name: 'ann', random, wallNow: Date.now }) };
}

test('from the default certificate to one’s own, made by the client, over real TLS', async (t) => {
  const { server, client } = await bothHalves(t);
  const own = await server.credentials();
  const trustIn = async ({ atServer }: Met): Promise<unknown> =>
    server.trusted(atServer?.der ?? Buffer.alloc(0));

  const first = await client.load();
  const met = await meet(own, first);
  assert.deepEqual(await trustIn(met), { who: 'default' });
  const expected = { serverFingerprints: first.serverFingerprints, wallNowMs: Date.now() };
  assert.equal(serverFault(met.atClient?.der, expected), undefined);

  const { certificatePem } = await client.propose();
  await server.accept('ann', certificatePem);
  await client.adopt();
  assert.deepEqual(await trustIn(await meet(own, await client.load())), { who: 'client', name: 'ann' });

  await server.remove('ann');
  assert.match(JSON.stringify(await trustIn(await meet(own, await client.load()))), /deleted/);
});

test('a client refuses another server, one without a certificate, and an expired one, with the reason', async (t) => {
  const [{ server, client }, other] = [await bothHalves(t), await bothHalves(t)];
  const { serverFingerprints } = await client.load();
  const { atClient } = await meet(await server.credentials(), await other.client.load());
  const fault = (der: Buffer | undefined, wallNowMs = Date.now()): string | undefined =>
    serverFault(der, { serverFingerprints, wallNowMs });
  assert.equal(fault(atClient?.der), undefined);
  assert.match(fault(atClient?.der, Date.now() + 4000 * DAY) ?? '', /the server's certificate expired on/);
  assert.match(fault(undefined) ?? '', /no certificate/);
  assert.match(fault(Buffer.from('x')) ?? '', /damaged/);
  const unknownFile = await meet(await other.server.credentials(), await client.load());
  assert.match(
    fault(unknownFile.atClient?.der) ?? '',
    /\([a-z]+(-[a-z]+){7}\) is not the one .*someone is intercepting/,
  );
  const visitor = await server.trusted(unknownFile.atServer?.der ?? Buffer.alloc(0));
  assert.deepEqual(visitor, { who: 'default' }, 'its own default certificate is known to the server');
  const alien = await meet(await server.credentials(), await other.client.load());
  assert.equal((await server.trusted(alien.atServer?.der ?? Buffer.alloc(0))).who, 'nobody');
});
