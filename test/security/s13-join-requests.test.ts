import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../engine/base/limits.ts';
import { Side } from '../helpers/simulated-connectors.ts';
import { type SimulatedWorld, simulatedWorld } from '../helpers/simulated-world.ts';

async function server(world: SimulatedWorld): Promise<Side> {
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const side = new Side(world, { role: 'server', acceptAll: false, tls: true });
  await side.connector.start();
  return side;
}

async function ask(world: SimulatedWorld, address: string): Promise<Side> {
  world.network.callsFrom = address;
  const side = new Side(world, { role: 'client', tls: true, reconnects: false });
  await side.connector.start();
  await world.clock.pass(20);
  return side;
}

test('S13, row 28: 63 strangers of 23 addresses do not keep a newcomer from asking, and being accepted', async () => {
  const world = simulatedWorld();
  const chat = await server(world);
  for (let number = 0; number < 63; number += 1) await ask(world, `10.0.${number % 23}.1`);
  const honest = await ask(world, '192.0.2.1');
  const request = chat.status.joinRequests.find(({ address }) => address.startsWith('192.0.2.1:'));
  assert.ok(request !== undefined, 'its request is shown');
  for (let number = 0; number < 63; number += 1) await ask(world, `10.0.${number % 23}.1`);
  await chat.engine.execute({ kind: 'newcomer.accept', joinRequest: request.id });
  await world.clock.until(() => honest.status.phase.kind === 'connected');
});

test('one address, and one network, has few requests at a time, and its newest ones', async () => {
  const world = simulatedWorld();
  const chat = await server(world);
  for (let number = 0; number < 20; number += 1) await ask(world, '10.0.0.1');
  const ids = chat.status.joinRequests.map(({ id }) => id);
  assert.deepEqual(ids, [17, 18, 19, 20].slice(-LIMITS.joinRequestsPerAddress));
  for (let number = 0; number < 20; number += 1) await ask(world, `10.0.0.${number + 2}`);
  assert.equal(chat.status.joinRequests.length, LIMITS.joinRequestsPerNetwork);
});
