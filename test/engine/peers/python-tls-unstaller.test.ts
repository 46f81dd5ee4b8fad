import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { dial } from '../../../engine/peers/dial/dial.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../../engine/protocol/header.ts';
import { PORT, Side } from '../../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../../helpers/simulated-world.ts';
import { receivedFrames } from '../../helpers/stranger.ts';

const frame = (header: Header, data = ''): Buffer => encodeFrame({ header, data: Buffer.from(data) });
const KEEP_ALIVE = 'keep_alive_client_check';

test('a Python peer over TLS gets one silent frame after each burst, so that it never stands still', async () => {
  const world = simulatedWorld();
  const server = new Side(world, { role: 'server', tls: true });
  await server.connector.start();
  const python = receivedFrames(
    dial(world, { host: '127.0.0.1', port: PORT, tls: { certificatePem: '', privateKeyPem: '' } }),
  );
  await world.clock.pass(10);
  python.connection.write(frame({ message_type: '_handshake_ssl', source_id: 'chat_client' }, 'hello'));
  await world.clock.until(() => server.peers[0]?.kind === 'python');
  await world.clock.pass(1_000);
  const unstallFrames = (): number =>
    python.frames.filter(({ header }) => header['response_id'] === KEEP_ALIVE).length;
  assert.equal(unstallFrames(), 1, 'its handshake may already stand');
  for (let line = 0; line < 20; line += 1)
    python.connection.write(frame({ message_type: 'any' }, `line ${line}`));
  await world.clock.pass(LIMITS.unstallQuietMs * 3);
  assert.equal(server.heard().length, 20);
  assert.equal(unstallFrames(), 2, 'one for the whole burst');
  await world.clock.pass(60_000);
  assert.equal(unstallFrames(), 2, 'none while it is quiet');
});

test('an aioc peer, and one without TLS, gets none', async () => {
  const world = simulatedWorld();
  const server = new Side(world, { role: 'server' });
  const client = new Side(world, { role: 'client' });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.peers[0]?.kind === 'aioc');
  const python = receivedFrames(dial(world, { host: '127.0.0.1', port: PORT, tls: undefined }));
  await world.clock.pass(10);
  python.connection.write(frame({ message_type: '_handshake_no_ssl', source_id: 'plain' }, 'hello'));
  await world.clock.until(() => server.peers.some(({ kind }) => kind === 'python'));
  python.connection.write(frame({ message_type: 'any' }, 'line'));
  await world.clock.pass(60_000);
  assert.deepEqual(
    python.frames.filter(({ header }) => header['response_id'] === KEEP_ALIVE),
    [],
  );
});
