import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Side } from '../helpers/simulated-connectors.ts';
import { NAME, startedSide, worldOfNamesakes } from '../helpers/simulated-namesakes.ts';
import type { SimulatedWorld } from '../helpers/simulated-world.ts';

const world = (): SimulatedWorld => worldOfNamesakes(5);

const text = ({ log }: Side): string => log.map((row) => row.text).join('\n');

test('row 19: a second connection under a live name is a warning in the log and in the state, at both ends', async (t) => {
  const in_ = world();
  const server = await startedSide(t, in_, { role: 'server', configuredAs: 'server' });
  const first = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  await in_.clock.until(() => first.status.phase.kind === 'connected');
  assert.equal(server.peers[0]?.reason, undefined);
  in_.network.callsFrom = '10.0.0.7';
  const second = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  await in_.clock.until(() => first.status.phase.kind === 'retrying');
  assert.match(text(server), /connected from 10\.0\.0\.7:\d+ and replaced its connection from 10\.0\.0\.9/);
  assert.match(server.peers[0]?.reason ?? '', /replaced a connection from 10\.0\.0\.9.*client_name/);
  const { phase } = first.status;
  assert.match(phase.kind === 'retrying' ? phase.reason : '', /another client named edge-1/);
  assert.match(text(first), /another client named edge-1/);
  // When the newer one ends, the older one is let in again, and nothing is wrong any more.
  await second.connector.stop({ hard: true });
  await in_.clock.until(() => first.status.phase.kind === 'connected', 120_000);
  assert.equal(server.peers[0]?.state, 'connected');
  assert.equal(server.peers[0]?.reason, undefined);
});

test('row 19: with duplicate_client: refuse, the state of the peer says that another one was refused', async (t) => {
  const in_ = world();
  const server = await startedSide(t, in_, {
    role: 'server',
    configuredAs: 'server',
    refusesDuplicates: true,
  });
  const first = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  await in_.clock.until(() => first.status.phase.kind === 'connected');
  in_.network.callsFrom = '10.0.0.7';
  const second = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  await in_.clock.until(() => second.status.phase.kind === 'retrying');
  assert.equal(server.peers[0]?.state, 'connected');
  assert.match(server.peers[0]?.reason ?? '', /another client of this name was refused, from 10\.0\.0\.7/);
  assert.equal(first.status.phase.kind, 'connected');
});
