import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import {
  type ConfiguredSide,
  configuredSide,
  type Mode,
  makeCertificates,
} from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

async function serverIn(t: TestContext, mode: Mode): Promise<ConfiguredSide> {
  const directory = tempDir(t);
  if (mode === 'mutual-tls') await makeCertificates(directory, tempDir(t));
  const server = await configuredSide(
    t,
    {
      is_server: true,
      server_sockaddr: ['127.0.0.1', await freePort()],
      use_ssl: mode !== 'plain',
      ssl_allow_all: mode === 'tls-allow-all',
    },
    directory,
  );
  await server.engine.start();
  return server;
}

type Attack = (place: net.TcpNetConnectOpts) => net.Socket;

const idle: Attack = (place) => net.connect(place);
const idleInTls: Attack = (place) =>
  tls.connect({ ...place, rejectUnauthorized: false } as tls.ConnectionOptions);
/** The start of a ClientHello, and nothing more. */
const halfHello: Attack = (place) => {
  const socket = net.connect(place);
  socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
  return socket;
};

/** Keeps connections open that do not identify themselves: each that the server closes is opened again, now and then. */
async function attack(
  t: TestContext,
  server: ConfiguredSide,
  each: Attack,
  from: readonly string[],
): Promise<void> {
  let ended = false;
  t.after(() => {
    ended = true;
  });
  const { port } = server.status();
  let opened = 0;
  const open = (localAddress: string): void => {
    if (ended) return;
    const socket = each({ host: '127.0.0.1', port, localAddress });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      opened += 1;
    });
    socket.once('close', () => void setTimeout(open, 50, localAddress).unref());
    socket.resume();
  };
  for (const address of from) open(address);
  await waitFor(() => opened >= from.length, { what: 'the attackers to be there' });
}

const TEN_BY_60 = Array.from({ length: 600 }, (_, number) => `127.0.${5 + (number % 10)}.1`);

const cases: readonly (readonly [string, Mode, Attack, readonly string[]])[] = [
  ['34 idle connections of its own address', 'tls-allow-all', idle, Array(34).fill('127.0.0.1')],
  ['34 idle connections of its own address', 'plain', idle, Array(34).fill('127.0.0.1')],
  [
    '34 connections of its own address that are idle in TLS',
    'tls-allow-all',
    idleInTls,
    Array(34).fill('127.0.0.1'),
  ],
  ['60 idle connections of each of ten addresses', 'tls-allow-all', idle, TEN_BY_60],
  ['60 half ClientHellos of each of ten addresses', 'tls-allow-all', halfHello, TEN_BY_60],
];
for (const [what, mode, each, from] of cases) {
  test(`S6 ${mode}: a client connects at once beside ${what}`, async (t) => {
    const server = await serverIn(t, mode);
    await attack(t, server, each, from);
    for (let times = 1; times <= 5; times += 1) {
      const startedAt = performance.now();
      await rawClient(t, { mode, server, name: `honest${times}`, peerKind: 'aioc' });
      const tookMs = performance.now() - startedAt;
      // A quarter of that suffices on a quiet machine; before, it took ten seconds at least.
      assert.ok(tookMs < 4_000, `try ${times} took ${Math.round(tookMs)} ms`);
    }
  });
}

test('a connection without a ClientHello is closed after 2 s, and one without an identity after 10 s in all', async (t) => {
  const server = await serverIn(t, 'mutual-tls');
  const { port } = server.status();
  const lifetime = (each: Attack): Promise<number> => {
    const startedAt = performance.now();
    const socket = each({ host: '127.0.0.1', port });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.resume();
    return new Promise((resolve) => socket.once('close', () => resolve(performance.now() - startedAt)));
  };
  const [silentMs, halfMs, idleMs] = await Promise.all([idle, halfHello, idleInTls].map(lifetime));
  for (const took of [silentMs ?? 0, halfMs ?? 0]) assert.ok(took > 1_900 && took < 6_000, `${took} ms`);
  // Without a certificate it is a stranger.
  assert.ok((idleMs ?? 0) < 2_000, `${idleMs} ms`);
});
