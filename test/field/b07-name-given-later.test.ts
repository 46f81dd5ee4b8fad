import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Side } from '../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../helpers/simulated-world.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

test('a name given later is the one that is shown, and the first time the one in the certificate beside it', async (t) => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'bb', claimedName: 'first' };
  world.network.certificateOfListener = { fingerprint: 'ff', claimedName: 'hub' };
  const directory = tempDir(t);
  const side = async (role: 'server' | 'client', displayName: string): Promise<Side> => {
    const options = { role, displayName, acceptAll: false, tls: true };
    const started = new Side(world, { ...options, knownMachinesFile: join(directory, `${role}.json`) });
    await started.connector.start();
    return started;
  };
  const until = (what: string, condition: () => boolean): Promise<boolean> =>
    waitFor(
      async () => {
        await world.clock.pass(20);
        return condition();
      },
      { what },
    );
  const server = await side('server', 'hub');
  const client = await side('client', 'second');
  await until('a request', () => server.status.joinRequests.length === 1);
  assert.equal(server.status.joinRequests[0]?.name, 'first');
  const joinRequest = server.status.joinRequests[0]?.id ?? 0;
  await server.engine.execute({ kind: 'newcomer.accept', joinRequest });
  await until('the connection', () => server.peers[0]?.state === 'connected');
  const remarks = (of: Side): string[] =>
    of.chat().flatMap(({ from, text }) => (from === 'here' ? [text] : []));
  assert.equal(server.peers[0]?.name, 'second');
  assert.deepEqual(remarks(server), ['second is connected (the name in its certificate is first)']);
  await until('the connection', () => client.peers[0]?.state === 'connected');
  assert.deepEqual(remarks(client), ['hub is connected'], 'no word of a name that is the same');

  await client.connector.stop({ hard: true });
  await until('it is away', () => server.peers[0]?.state === 'away');
  await side('client', 'third');
  await until('it is back', () => server.peers[0]?.state === 'connected');
  assert.equal(server.peers[0]?.name, 'third', 'it is known, and called as it calls itself now');
  assert.equal(server.status.joinRequests.length, 0);
});
