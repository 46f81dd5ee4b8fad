import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startedSide } from '../helpers/simulated-namesakes.ts';
import { simulatedWorld } from '../helpers/simulated-world.ts';

test('when the newer of two connections of one name ends, the first client is back within a minute, and gets its messages', async (t) => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'edge-1' };
  world.network.certificateOfListener = { fingerprint: 'ff', claimedName: 'server' };
  const server = await startedSide(t, world, { role: 'server', configuredAs: 'server' });
  const first = await startedSide(t, world, { role: 'client', configuredAs: 'edge-1' });
  await world.clock.until(() => first.status.phase.kind === 'connected');
  world.network.callsFrom = '10.0.0.7';
  const second = await startedSide(t, world, { role: 'client', configuredAs: 'edge-1' });
  await world.clock.until(() => second.status.phase.kind === 'connected');
  assert.notEqual(first.status.phase.kind, 'connected', 'it is told that it was replaced');
  server.say('to the second');
  await world.clock.until(() => second.heard().includes('to the second'));

  await second.connector.stop({ hard: true });
  const endedAtMs = world.clock.now();
  server.say('to the first');
  await world.clock.until(() => first.heard().includes('to the first'), 120_000);
  assert.ok(world.clock.now() - endedAtMs <= 65_000, `${world.clock.now() - endedAtMs} ms`);
  assert.equal(server.peers.length, 1, 'one peer of that name');
  assert.ok(!first.heard().includes('to the second'));
});
