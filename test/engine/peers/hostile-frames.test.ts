import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { ConnectorAPI } from '../../../engine/api/connector-api.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import {
  type ConfiguredPair,
  type ConfiguredSide,
  configuredPair,
  configuredSide,
  type Mode,
} from '../../helpers/configured-connectors.ts';
import { MALFORMED, type Malformed } from '../../helpers/malformed-frames.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { deadline, waitFor } from '../../helpers/wait-for.ts';

const random = realRandomness();

/** How an attacker gets as far as it can in a mode. */
interface Way {
  readonly name: string;
  readonly open: () => net.Socket;
  /** What it says before it is malformed. */
  readonly first: Buffer;
}

const handshake = (type: string): Buffer =>
  encodeFrame({ header: { message_type: type, source_id: 'mallory' }, data: Buffer.from('hello') });

/** The certificate with which a client asks for its own, and one that this server has given to mallory. */
async function certificates({ server, client }: ConfiguredPair): Promise<readonly tls.ConnectionOptions[]> {
  const file = (name: string): string =>
    readFileSync(join(client.directory, 'certificates/client/client-certs', name), 'utf8');
  const made = await makeDirectoryCertificate('mallory', { random, wallNowMs: Date.now() });
  const trusted = await ServerCertificates.open({ directory: server.directory, random, wallNow: Date.now });
  await trusted.accept('mallory', made.certificatePem);
  return [
    { key: file('default.key'), cert: file('default.pem') },
    { key: made.privateKeyPem, cert: made.certificatePem },
  ];
}

async function waysOf(mode: Mode, pair: ConfiguredPair): Promise<readonly Way[]> {
  const place = { host: '127.0.0.1', port: pair.server.status().port };
  let attacks = 0;
  // Of one address, the log has one such line a second.
  const from = (): net.TcpNetConnectOpts => {
    attacks += 1;
    return { ...place, localAddress: `127.0.1.${attacks}` };
  };
  const encrypted =
    (options: tls.ConnectionOptions = {}) =>
    (): net.Socket =>
      tls.connect({ ...from(), rejectUnauthorized: false, ...options });
  const [before, after] = ['before it has said who it is', 'when it has said who it is'] as const;
  const nothing = Buffer.alloc(0);
  if (mode === 'plain') {
    const open = (): net.Socket => net.connect(from());
    return [
      { name: before, open, first: nothing },
      { name: after, open, first: handshake('_handshake_no_ssl') },
    ];
  }
  if (mode === 'tls-allow-all') {
    return [
      { name: before, open: encrypted(), first: nothing },
      { name: after, open: encrypted(), first: handshake('_handshake_ssl') },
    ];
  }
  const [asking, own] = await certificates(pair);
  return [
    { name: before, open: encrypted(asking), first: nothing },
    { name: after, open: encrypted(own), first: nothing },
  ];
}

/** How often a fault has been named: by that row, the next one must be new. */
const timesNamed = (side: ConfiguredSide, { named }: Malformed): number =>
  side
    .log()
    .filter(({ outcome, text }) => outcome === 'warning' && named.test(text))
    .reduce((sum, { repeats = 1 }) => sum + repeats, 0);

async function attack(side: ConfiguredSide, { open, first }: Way, malformed: Malformed): Promise<void> {
  const before = timesNamed(side, malformed);
  const socket = open();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(Buffer.concat([first, malformed.bytes]));
  await deadline(closed, 15_000, `${malformed.what} to be closed on`);
  await waitFor(() => timesNamed(side, malformed) > before, {
    what: `${malformed.what} in the log: ${side
      .log()
      .slice(-3)
      .map(({ peerName, text }) => `${peerName} ${text}`)
      .join(' / ')}`,
  });
}

/** A program at the server and one at the client, and all that the one has got. */
async function programs(t: TestContext, { server, client }: ConfiguredPair) {
  const [atServer, atClient] = await Promise.all(
    [server, client].map(({ configPath }) => ConnectorAPI.fromConfig(configPath)),
  );
  assert.ok(atServer && atClient);
  for (const api of [atServer, atClient]) t.after(() => api.close());
  const got: string[] = [];
  const listener = await atServer.listen('any', (message) => {
    got.push(message.text());
  });
  t.after(() => listener.stop());
  return { got, send: (data: string) => atClient.send({ messageType: 'any', data }) };
}

for (const mode of ['plain', 'tls-allow-all', 'mutual-tls'] as const) {
  test(`${mode}: malformed frames close their connection, are named in the log and delivered to nobody`, async (t) => {
    const pair = await configuredPair(t, mode);
    const { got, send } = await programs(t, pair);
    await send('before');
    for (const way of await waysOf(mode, pair)) {
      for (const malformed of MALFORMED) await attack(pair.server, way, malformed);
    }
    await send('after');
    await waitFor(() => got.length >= 2, { what: 'the message after them' });
    assert.deepEqual(got, ['before', 'after']);
    assert.equal(pair.client.status().phase.kind, 'connected');
  });
}

test('a server that sends malformed frames is named in the log of its client, which goes on calling it', async (t) => {
  let calls = 0;
  const hostile = net.createServer((socket) => {
    socket.on('error', () => undefined);
    // The client says who it is; what it is told then is malformed, each time in another way.
    socket.once('data', () => {
      socket.write(MALFORMED[calls % MALFORMED.length]?.bytes ?? '');
      calls += 1;
    });
  });
  await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
  t.after(() => hostile.close());
  const { port } = hostile.address() as net.AddressInfo;
  const client = await configuredSide(
    t,
    { is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', port], use_ssl: false },
    tempDir(t),
  );
  await client.engine.start();
  for (const malformed of MALFORMED.slice(0, 3)) {
    await waitFor(() => timesNamed(client, malformed) > 0, { what: malformed.what, timeoutMs: 20_000 });
  }
  assert.equal(client.peers().length, 1);
});
