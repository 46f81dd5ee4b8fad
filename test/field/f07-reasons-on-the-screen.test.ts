import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessLists } from '../../engine/security/access-list.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';
import { Side } from '../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../helpers/simulated-world.ts';

/** The first line of a screen that shows this connector, and its peers below. */
async function shown(side: Side): Promise<{ readonly header: string; readonly text: string }> {
  const { status, peers } = side;
  const screen = await openScreen({
    engine: new FakeEngine({ ...emptyEngine(), status, peers: [...peers] }),
    columns: 120,
    rows: 40,
  });
  const seen = { header: screen.rows()[0] ?? '', text: screen.text() };
  await screen.close();
  return seen;
}

/** What the status command and scripts get. */
function causeOf({ status }: Side): string | undefined {
  return 'cause' in status.phase ? status.phase.cause : undefined;
}

test('a client whose server is away says that nothing listens there, and how often it has tried', async () => {
  const world = simulatedWorld();
  const client = new Side(world, { role: 'client' });
  await client.connector.start();
  await world.clock.until(() => client.status.phase.kind === 'retrying' && client.status.phase.attempt === 3);
  assert.equal(causeOf(client), 'nothing-listens');
  assert.equal(client.peers[0]?.cause, 'nothing-listens');
  assert.equal(client.peers[0]?.retry?.attempt, 3);
  const { header, text } = await shown(client);
  assert.match(header, /○ client .*· nothing listens there try 3/);
  assert.match(text, /○ 127\.0\.0\.1 +away .*: nothing listens/);
});

test('a client that was refused there says that the other side has refused, and is asked to ask again', async () => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const server = new Side(world, { role: 'server', acceptAll: false, tls: true });
  const client = new Side(world, { role: 'client', tls: true });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  await server.engine.execute({ kind: 'newcomer.refuse', joinRequest: 1 });
  await world.clock.until(() => client.status.phase.kind === 'refused');
  assert.equal(causeOf(client), 'refused-there');
  const { header, text } = await shown(client);
  assert.match(header, /✕ client .*· refused there/);
  assert.match(text, /✕ 127\.0\.0\.1 +refused there: the/);
  assert.match(text, /the server rejected this client/);
});

test('a client whose certificate is of no use says so', async () => {
  const world = simulatedWorld();
  const client = new Side(world, {
    role: 'client',
    configuredAs: 'client1',
    credentials: () => Promise.reject(new Error('client1.crt has expired')),
  });
  await client.connector.start();
  await world.clock.until(() => client.status.phase.kind === 'retrying');
  assert.equal(causeOf(client), 'certificate');
  assert.match((await shown(client)).header, /· certificate not accepted/);
});

test('a conversation says once that its peer cannot be reached, why, and how often that was tried', async () => {
  const world = simulatedWorld();
  const server = new Side(world, { role: 'server' });
  const client = new Side(world, { role: 'client' });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => client.status.phase.kind === 'connected');
  await server.connector.stop({ hard: true });
  await world.clock.until(() => client.status.phase.kind === 'retrying' && client.status.phase.attempt === 4);
  const said = (): readonly string[] =>
    client
      .chat()
      .map(({ text }) => text)
      .filter((text) => /not connected/.test(text));
  assert.equal(said().length, 1, JSON.stringify(said()));
  assert.match(said()[0] ?? '', /is not connected: nothing listens there .*\(try 4; r tries now\)/);
  await server.connector.start();
  await world.clock.until(() => client.status.phase.kind === 'connected');
  await server.connector.stop({ hard: true });
  await world.clock.until(() => client.status.phase.kind === 'retrying' && client.status.phase.attempt === 2);
  assert.equal(said().length, 2, 'another row after another connection');
});

test('a client that was refused here is named with its reason on the server', async () => {
  const world = simulatedWorld();
  const access = new AccessLists({
    whitelist: { names: [], addresses: [], subnets: [] },
    blacklist: { names: [], addresses: [], subnets: [] },
  });
  const server = new Side(world, { role: 'server', access });
  const client = new Side(world, { role: 'client' });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.peers[0]?.state === 'connected');
  access.add('blacklist', { address: server.peers[0]?.address.split(':')[0] ?? '' });
  server.connector.applyAccessLists();
  await world.clock.until(() => server.peers[0]?.state === 'away');
  assert.equal(server.peers[0]?.cause, 'refused-here');
  assert.match((await shown(server)).text, /blacklist/);
  await world.clock.until(() => client.status.phase.kind === 'retrying' && client.status.phase.attempt > 1);
  assert.equal(causeOf(client), 'refused-there', 'the server closes the connection instead of an answer');
});
