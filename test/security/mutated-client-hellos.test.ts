import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { configuredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { runs } from '../helpers/runs.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SEED = 20;
const COUNT = runs(100);
const AT_ONCE = 20;

/** What a client of TLS says first. */
async function clientHello(t: TestContext, options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  return bytes;
}

/** The same with some bytes changed, left out, repeated or added, or with lengths at their bounds. */
function mutated(hello: Buffer, random: () => number): Buffer {
  const below = (bound: number): number => Math.floor(random() * bound);
  let bytes = Buffer.from(hello);
  for (let times = below(4); times >= 0; times -= 1) {
    const at = below(bytes.length);
    const kind = below(5);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(20))]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(at + 1))]);
    else if (kind === 3) bytes.fill(random() < 0.5 ? 0 : 0xff, at, at + 2);
    else bytes = Buffer.concat([bytes, Buffer.from(Array.from({ length: below(300) }, () => below(256)))]);
    if (bytes.length === 0) bytes = Buffer.from(hello);
  }
  // Half of them keep the lengths of record and message right, so that OpenSSL reads what is inside.
  if (random() < 0.5 && bytes.length > 9) {
    bytes.writeUInt16BE(Math.min(bytes.length - 5, 0xffff), 3);
    bytes.writeUIntBE(Math.min(bytes.length - 9, 0xffffff), 6, 3);
    bytes[0] = 22;
    bytes[5] = 1;
  }
  return bytes;
}

test(`${COUNT} mutated ClientHellos: no error leaves the callbacks of TLS, and honest clients connect`, async (t) => {
  const server = await configuredSide(
    t,
    {
      is_server: true,
      server_sockaddr: ['127.0.0.1', await freePort()],
      use_ssl: true,
      ssl_allow_all: true,
    },
    tempDir(t),
  );
  await server.engine.start();
  const { port } = server.status();
  const hellos = [
    await clientHello(t, { maxVersion: 'TLSv1.2', servername: 'host.example', ALPNProtocols: ['a', 'b'] }),
    await clientHello(t, { minVersion: 'TLSv1.3' }),
  ];
  const { fraction } = seededRandom(SEED);
  const open = new Set<net.Socket>();
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  let answered = 0;
  for (let number = 0; number < COUNT; number += 1) {
    await waitFor(() => open.size < AT_ONCE, { what: 'earlier ones to be closed' });
    const socket = net.connect({ host: '127.0.0.1', port });
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    socket.once('data', () => {
      answered += 1;
      socket.destroy();
    });
    socket.end(mutated(hellos[number % 2] as Buffer, fraction));
  }
  await waitFor(() => open.size === 0, { what: 'all to be closed', timeoutMs: 30_000 });
  assert.ok(answered > COUNT / 10, `${answered} were answered by TLS, if only with an alert (seed ${SEED})`);
  const honest = await rawClient(t, { mode: 'tls-allow-all', server, name: 'bob', peerKind: 'aioc' });
  assert.equal(honest.isClosed, false);
  assert.deepEqual(
    server.peers().map(({ wireName, state }) => [wireName, state]),
    [['bob', 'connected']],
  );
});
