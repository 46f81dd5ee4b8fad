import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChatRow } from '../../engine/contract/views.ts';
import { acceptOne, chatMachines, isConnected, until } from '../helpers/chat-machines.ts';
import type { Side, SideOptions } from '../helpers/simulated-connectors.ts';
import type { SimulatedWorld } from '../helpers/simulated-world.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** They keep conversations on the simulated disk. */
function house(directory: string) {
  const { world, start } = chatMachines();
  const side = (role: 'server' | 'client', more: Partial<SideOptions> = {}): Promise<Side> =>
    start({
      ...{ role, displayName: role === 'server' ? 'hub' : 'ben' },
      knownMachinesFile: join(directory, `${role}.json`),
      conversationsDirectory: `/${role}`,
      ...more,
    });
  return { world, side };
}

async function pair(world: SimulatedWorld, side: ReturnType<typeof house>['side']) {
  const server = await side('server');
  const client = await side('client');
  await acceptOne(world, server);
  await until(world, 'the connection', isConnected(client));
  await until(world, 'the client', () => server.peers[0]?.state === 'connected');
  return { server, client };
}

/** Ends a side in order; what it has said is written then. */
async function stop(world: SimulatedWorld, side: Side): Promise<void> {
  let stopped = false;
  void side.connector.stop({ hard: true }).then(() => {
    stopped = true;
  });
  await until(world, 'the end', () => stopped);
}

const said = (rows: readonly ChatRow[]): string[] =>
  rows.filter(({ from }) => from !== 'here').map(({ from, text, mark = '-' }) => `${from} ${mark} ${text}`);

test('the conversation is there again after a restart of either side, with the marks that were known', async (t) => {
  const { world, side } = house(tempDir(t));
  const { server, client } = await pair(world, side);
  client.say('is it there?');
  await until(world, 'the question', () => server.heard().length === 1);
  server.say('yes');
  await until(world, 'the answer', () => client.heard().length === 1);
  await until(world, 'the acks', () => said(client.chat()).includes('me received is it there?'));
  await until(world, 'the acks', () => said(server.chat()).includes('me received yes'));
  await stop(world, client);
  await stop(world, server);

  const again = await side('server');
  const [ben] = again.peers;
  assert.deepEqual([ben?.name, ben?.state, ben?.unread], ['ben', 'away', 0]);
  assert.deepEqual(said(again.chat()), ['peer - is it there?', 'me received yes']);
  assert.ok(again.chat().every(({ isEarlier }) => isEarlier === true));
  const back = await side('client');
  assert.deepEqual(said(back.chat()), ['me received is it there?', 'peer - yes']);
  await until(world, 'the connection', isConnected(back));
  assert.equal(again.peers.length, 1, 'it is the same machine');
  back.say('hello again');
  await until(world, 'the line', () => again.heard().includes('hello again'));
});

test('lines for a machine that is away wait on disk over a restart, and arrive once and in order', async (t) => {
  const { world, side } = house(tempDir(t));
  const { server, client } = await pair(world, side);
  await stop(world, client);
  await until(world, 'it is away', () => server.peers[0]?.state === 'away');
  for (const line of ['one', 'two']) server.say(line);
  await until(world, 'they wait', () => server.status.waitingCount === 2);
  assert.equal(server.status.storedCount, 2);
  assert.equal(server.peers[0]?.isKept, true);
  await stop(world, server);

  const again = await side('server');
  assert.deepEqual(said(again.chat()), ['me waiting one', 'me waiting two']);
  again.say('three');
  await until(world, 'they wait', () => again.status.waitingCount === 3);
  const back = await side('client');
  await until(world, 'all lines', () => back.heard().length === 3);
  assert.deepEqual(back.heard(), ['one', 'two', 'three']);
  await until(world, 'the acks', () => again.status.waitingCount === 0);
  assert.deepEqual(said(again.chat()), ['me received one', 'me received two', 'me received three']);
  await stop(world, back);
  await stop(world, again);
  assert.deepEqual(said((await side('server')).chat()), [
    'me received one',
    'me received two',
    'me received three',
  ]);
});

test('a line whose ack was lost with the program of its receiver arrives once', async (t) => {
  const { world, side } = house(tempDir(t));
  const { server, client } = await pair(world, side);
  await until(world, 'the acks pass', () => server.status.waitingCount === 0);
  const [near, far] = world.network.open[0] ?? [];
  assert.ok(near !== undefined && far !== undefined);
  // What the client sends no longer reaches the server: no ack either.
  near.heldUntil = world.clock.now() + 60_000;
  server.say('once');
  await until(world, 'the line', () => client.heard().length === 1);
  assert.ok(said(server.chat()).includes('me sent once'));
  await stop(world, client);
  far.break();
  const back = await side('client');
  await until(world, 'the ack', () => said(server.chat()).includes('me received once'));
  assert.deepEqual(back.heard(), ['once']);
});

test('lines go to the same certificate only: to another one under the same name never', async (t) => {
  const { world, side } = house(tempDir(t));
  const { server, client } = await pair(world, side);
  await stop(world, client);
  await until(world, 'it is away', () => server.peers[0]?.state === 'away');
  server.say('for ben only');
  await until(world, 'it waits', () => server.status.waitingCount === 1);
  await stop(world, server);

  const again = await side('server');
  world.network.certificateOfDialler = { fingerprint: 'ee', claimedName: 'ben' };
  const other = await side('client', {
    conversationsDirectory: '/other',
    knownMachinesFile: join(tempDir(t), 'other.json'),
  });
  await acceptOne(world, again);
  await until(world, 'the connection', isConnected(other));
  other.say('hi');
  const [stranger] = again.peers.filter(({ state }) => state === 'connected');
  await until(world, 'the line', () => again.heard(stranger?.id).length === 1);
  again.say('who are you?', stranger?.id);
  await until(world, 'the answer', () => other.heard().length === 1);
  assert.deepEqual(other.heard(), ['who are you?']);
  assert.equal(again.status.waitingCount, 1, 'the line still waits');
  assert.equal(again.peers.length, 2);
});

test('a client whose server is another machine after a forget keeps its lines for the first one', async (t) => {
  const { world, side } = house(tempDir(t));
  const { server, client } = await pair(world, side);
  await stop(world, server);
  await until(world, 'it is away', () => client.peers[0]?.state === 'away');
  client.say('for the first hub');
  await until(world, 'it waits', () => client.status.waitingCount === 1);
  await stop(world, client);

  world.network.certificateOfListener = { fingerprint: 'dd', claimedName: 'hub' };
  const thief = await side('server', {
    conversationsDirectory: '/thief',
    knownMachinesFile: join(tempDir(t), 'thief.json'),
  });
  // Its user was told to forget the address.
  const back = await side('client', { knownMachinesFile: join(tempDir(t), 'empty.json') });
  await acceptOne(world, thief);
  await until(world, 'the connection', isConnected(back));
  back.say('hello');
  await until(world, 'the line', () => thief.heard().length > 0);
  assert.deepEqual(thief.heard(), ['hello']);
});

test('without a certificate nothing is on disk, and lines go out only after a new yes', async (t) => {
  const { world, side } = house(tempDir(t));
  world.network.certificateOfDialler = undefined;
  const { server, client } = await pair(world, side);
  client.say('from nobody');
  await until(world, 'the line', () => server.heard().length === 1);
  await stop(world, client);
  await until(world, 'it is away', () => server.peers[0]?.state === 'away');
  server.say('still there?');
  await until(world, 'it waits', () => server.status.waitingCount === 1);
  assert.equal(server.status.storedCount, 0);
  assert.equal(server.peers[0]?.isKept, undefined);
  const back = await side('client');
  await until(world, 'the question', () => server.status.joinRequests.length === 1);
  assert.deepEqual(back.heard(), []);
  await acceptOne(world, server);
  await until(world, 'the line', () => back.heard().length === 1);
  await stop(world, back);
  await stop(world, server);
  assert.deepEqual((await side('server')).peers, []);
});

test('a second aioc of this user keeps nothing, reads nothing, and talks all the same', async (t) => {
  const { world, side } = house(tempDir(t));
  const { server, client } = await pair(world, side);
  client.say('kept');
  await until(world, 'the line', () => server.heard().length === 1);
  const second = await side('client');
  await until(world, 'the connection', isConnected(second));
  assert.ok(second.log.some(({ text }) => /is not kept: another aioc of this user/.test(text)));
  assert.deepEqual(said(second.chat()), []);
  second.say('not kept');
  const [its] = server.peers.filter(({ name }) => name === 'ben (2)');
  await until(world, 'the line', () => server.heard(its?.id).length === 1);
});
