import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Side } from '../../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../../helpers/simulated-world.ts';

test('a client that is stopped while it looks up its certificate stays stopped, whatever it finds', async () => {
  const world = simulatedWorld();
  let looks = 0;
  let fail: (error: Error) => void = () => undefined;
  const client = new Side(world, {
    role: 'client',
    configuredAs: 'edge-1',
    credentials: () => {
      looks += 1;
      return new Promise((_resolve, reject) => {
        fail = reject;
      });
    },
  });
  await client.connector.start();
  await world.clock.until(() => looks === 1);
  await client.connector.stop({ hard: true });
  fail(new Error('the directory is gone'));
  await world.clock.pass(60_000);
  assert.equal(looks, 1, 'it does not look again');
  assert.equal(client.status.phase.kind, 'stopped');
});
