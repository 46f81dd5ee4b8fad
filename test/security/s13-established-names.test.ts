import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairPlaces } from '../../engine/base/fair-places.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import type { Connection, TcpSocket, TlsSettings } from '../../engine/base/ports.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import { handshakeFrame } from '../../engine/protocol/messages.ts';
import { PORT, Side } from '../helpers/simulated-connectors.ts';
import { type SimulatedWorld, simulatedWorld } from '../helpers/simulated-world.ts';

const SETTINGS: TlsSettings = { certificatePem: '', privateKeyPem: '' };
const MADE_UP = 1_500;

/** A Python client that says its name and then nothing. */
async function stranger(world: SimulatedWorld, address: string, name: string): Promise<Connection> {
  world.network.callsFrom = address;
  world.network.certificateOfDialler = { fingerprint: name, claimedName: name };
  const socket = await new Promise<TcpSocket>((resolve, reject) => {
    world.network.connect({ address: '127.0.0.1', port: PORT }, (result) => {
      if (result instanceof Error) reject(result);
      else resolve(result);
    });
    void world.clock.pass(2);
  });
  const connection = socket.overTls({
    settings: SETTINGS,
    serverName: undefined,
    applicationProtocol: undefined,
  });
  connection.write(encodeFrame(handshakeFrame({ tls: true, sourceId: name })));
  // Slower than handshakes are started.
  await world.clock.pass(8);
  return connection;
}

test('S13: 1,500 established made-up names keep no other client out, and none of them a place that another needs', async (t) => {
  const world = simulatedWorld();
  const server = new Side(world, { role: 'server', tls: true });
  await server.connector.start();
  t.after(() => server.connector.stop({ hard: true }));
  for (let number = 0; number < MADE_UP; number += 1)
    await stranger(world, `10.0.${number % 60}.1`, `made-up-${number}`);
  await stranger(world, '192.0.2.1', 'honest');
  await world.clock.pass(1_000);
  assert.equal(server.status.peersConnected, MADE_UP + 1);
  assert.equal(world.network.open.length, MADE_UP + 1);
});

test('S13: when all places are taken, made-up names lose theirs to a client of another address', () => {
  // As the server’s endpoint does it for connections with a name.
  const named = new FairPlaces<string>({ places: LIMITS.connections });
  const lost: string[] = [];
  const add = (name: string, address: string): void => {
    const evicted = named.add(name, { address });
    if (evicted !== undefined) lost.push(evicted);
  };
  add('honest', '192.0.2.1');
  for (let number = 0; number < LIMITS.connections + 500; number += 1)
    add(`made-up-${number}`, `10.0.${number % 60}.1`);
  add('late', '198.51.100.1');
  assert.ok(named.has('honest') && named.has('late'));
  assert.equal(named.size, LIMITS.connections);
  assert.equal(lost[0], 'made-up-0');
});
