import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { Side } from '../../helpers/simulated-connectors.ts';
import { type SimulatedWorld, simulatedWorld } from '../../helpers/simulated-world.ts';

interface Two {
  readonly world: SimulatedWorld;
  readonly server: Side;
  readonly client: Side;
}

async function connected(seed = 1): Promise<Two> {
  const world = simulatedWorld(seed);
  const server = new Side(world, { role: 'server' });
  const client = new Side(world, { role: 'client' });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => client.peers[0]?.kind === 'aioc' && server.peers[0]?.kind === 'aioc');
  return { world, server, client };
}

test('two sessions find each other, know each other as aioc, and talk both ways in order', async () => {
  const { world, server, client } = await connected();
  assert.equal(client.status.phase.kind, 'connected');
  assert.equal(server.peers[0]?.name, 'client');
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
  for (const line of lines) {
    server.say(line);
    client.say(line);
  }
  await world.clock.until(
    () => client.heard().length === lines.length && server.heard().length === lines.length,
  );
  assert.deepEqual(client.heard(), lines);
  assert.deepEqual(server.heard(), lines);
  await world.clock.until(() =>
    client
      .chat()
      .filter(({ from }) => from === 'me')
      .every(({ mark }) => mark === 'received'),
  );
});

test('after a cut both come back by themselves, and what was said meanwhile arrives once and in order', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { world, server, client } = await connected(seed);
    world.network.cutAll();
    await world.clock.until(
      () => client.status.phase.kind === 'retrying' && server.peers[0]?.state === 'away',
    );
    const lines = Array.from({ length: 50 }, (_, index) => `while away ${index}`);
    for (const line of lines) {
      client.say(line);
      server.say(line);
    }
    assert.equal(client.queues[0]?.depth, lines.length);
    assert.match(client.queues[0]?.blocked?.text ?? '', /away/);
    await world.clock.until(
      () => server.heard().length >= lines.length && client.heard().length >= lines.length,
    );
    assert.deepEqual(server.heard(), lines);
    assert.deepEqual(client.heard(), lines);
    assert.equal(server.peers.length, 1, 'the same peer, not a second one');
    await world.clock.until(() => client.queues[0]?.depth === 0 && server.queues[0]?.depth === 0);
  }
});

test('tries again after 0.2 s, then less and less often, never later than 5 s, each time a little different', async () => {
  const world = simulatedWorld(7);
  const client = new Side(world, { role: 'client' });
  await client.connector.start();
  const waits: number[] = [];
  for (let at = 0; at < 12; at += 1) {
    await world.clock.until(() => client.status.phase.kind === 'retrying');
    const { phase } = client.status;
    assert.ok(phase.kind === 'retrying');
    assert.match(phase.reason, /refused\): is aioc running/);
    waits.push(phase.retryAtMs - world.clock.wallNow());
    await world.clock.until(() => client.status.phase.kind !== 'retrying' || client.status.phase !== phase);
  }
  assert.ok(
    (waits[0] ?? 0) <= LIMITS.reconnectFirstMs && (waits[0] ?? 0) >= LIMITS.reconnectFirstMs / 2 - 10,
    `${waits}`,
  );
  assert.ok(Math.max(...waits) <= LIMITS.reconnectMaxMs, `${waits}`);
  assert.ok((waits.at(-1) ?? 0) > 2_000, `${waits}`);
  assert.ok(new Set(waits.slice(-5)).size > 1, `jitter: ${waits}`);
});

test('a connection that is replaced cannot disturb the one that replaced it', async () => {
  const { world, server, client } = await connected();
  const old = world.network.open[0];
  // The client notices the cut at once; the server still believes in its end.
  old?.[0].closeWith(new Error('cut'));
  await world.clock.until(() => client.status.phase.kind === 'connected' && world.network.open.length === 1);
  await world.clock.until(() => server.peers[0]?.state === 'connected');
  old?.[1].closeWith(new Error('noticed late'));
  await world.clock.pass(1_000);
  assert.equal(server.peers.length, 1);
  assert.equal(server.peers[0]?.state, 'connected');
  server.say('still here');
  await world.clock.until(() => client.heard().includes('still here'));
});

test('a newcomer is asked about, nothing flows meanwhile, and no answer within 60 s means no', async () => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const server = new Side(world, { role: 'server', acceptAll: false, tls: true });
  const client = new Side(world, { role: 'client', tls: true });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  assert.deepEqual(
    { name: server.status.joinRequests[0]?.name, words: server.status.joinRequests[0]?.words },
    { name: 'laptop', words: 'words-of-aa' },
  );
  client.say('are you there?');
  await world.clock.pass(LIMITS.joinRequestTimeoutMs - 2_000);
  assert.equal(client.status.phase.kind, 'waiting-to-be-let-in');
  assert.equal(server.peers.length, 0);
  await world.clock.until(() => server.status.joinRequests.length === 0, 5_000);
  await world.clock.until(() => client.status.phase.kind === 'retrying');
  await world.clock.until(() => server.status.joinRequests.length === 1);
  const id = server.status.joinRequests[0]?.id ?? 0;
  assert.deepEqual(await server.engine.execute({ kind: 'newcomer.accept', joinRequest: id }), {
    ok: true,
    value: null,
  });
  await world.clock.until(() => server.heard().includes('are you there?'));
});

test('a refused client receives the refusal, and asks again only when the user wants it', async () => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const server = new Side(world, { role: 'server', acceptAll: false, tls: true });
  const client = new Side(world, { role: 'client', tls: true });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  await server.engine.execute({
    kind: 'newcomer.refuse',
    joinRequest: server.status.joinRequests[0]?.id ?? 0,
  });
  await world.clock.until(() => client.status.phase.kind === 'refused');
  await world.clock.pass(120_000);
  assert.equal(client.status.phase.kind, 'refused');
  assert.equal(server.status.joinRequests.length, 0);
  await client.engine.execute({ kind: 'dial.now' });
  await world.clock.until(() => server.status.joinRequests.length === 1);
});

test('who was let in once in this run comes back without a question; another certificate does not', async () => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const server = new Side(world, { role: 'server', acceptAll: false, tls: true });
  const client = new Side(world, { role: 'client', tls: true });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  await server.engine.execute({
    kind: 'newcomer.accept',
    joinRequest: server.status.joinRequests[0]?.id ?? 0,
  });
  await world.clock.until(() => server.peers[0]?.state === 'connected');
  world.network.cutAll();
  await world.clock.until(() => server.peers[0]?.state === 'away');
  await world.clock.until(() => server.peers[0]?.state === 'connected');
  world.network.certificateOfDialler = { fingerprint: 'bb', claimedName: 'laptop' };
  world.network.cutAll();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  assert.match(server.status.joinRequests[0]?.warning ?? '', /different words/);
});

test('a second live client of the same name gets a name of its own, and each its own messages', async () => {
  const { world, server, client } = await connected();
  const second = new Side(world, { role: 'client', displayName: 'client' });
  await second.connector.start();
  await world.clock.until(() => server.peers.length === 2);
  assert.deepEqual(
    server.peers.map(({ name }) => name),
    ['client', 'client (2)'],
  );
  server.say('to the first', server.peers[0]?.id);
  server.say('to the second', server.peers[1]?.id);
  await world.clock.until(() => client.heard().length === 1 && second.heard().length === 1);
  assert.deepEqual(client.heard(), ['to the first']);
  assert.deepEqual(second.heard(), ['to the second']);
});

test('ignoring drops what is new both ways, counts it, tells the sender, and ends', async () => {
  const { world, server, client } = await connected();
  const peer = server.peers[0]?.id ?? '';
  await server.engine.execute({ kind: 'peer.ignore', peer, on: true });
  client.say('dropped');
  await world.clock.until(() => client.chat().some(({ mark }) => mark === 'dropped'));
  const refused = await server.engine.execute({ kind: 'chat.say', peer, text: 'dropped too' });
  assert.equal(refused.ok === false && refused.code, 'AIOC_IGNORED');
  assert.deepEqual([server.peers[0]?.ignoredIn, server.peers[0]?.ignoredOut], [1, 1]);
  assert.equal(server.status.ignoredDrops, 2);
  const ping = client.engine.execute({ kind: 'peer.ping', peer: client.peers[0]?.id ?? '' });
  await world.clock.pass(100);
  assert.equal((await ping).ok, true, 'a ping is still answered');
  await server.engine.execute({ kind: 'peer.ignore', peer, on: false });
  client.say('heard again');
  await world.clock.until(() => server.heard().includes('heard again'));
  assert.deepEqual(server.heard(), ['heard again']);
});

test('at most 32 clients wait for admission; for one more, the oldest of the address with the most has to go', async () => {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const server = new Side(world, { role: 'server', acceptAll: false, tls: true });
  await server.connector.start();
  const ask = async (address: string): Promise<void> => {
    world.network.callsFrom = address;
    await new Side(world, { role: 'client', tls: true }).connector.start();
    await world.clock.pass(20);
  };
  for (let number = 0; number < LIMITS.joinRequestsWaiting; number += 1) await ask(`10.0.${number >> 1}.1`);
  const [first] = server.status.joinRequests;
  await ask('192.0.2.1');
  const { joinRequests } = server.status;
  assert.equal(joinRequests.length, LIMITS.joinRequestsWaiting);
  assert.ok(!joinRequests.some(({ id }) => id === first?.id));
  assert.match(joinRequests.at(-1)?.address ?? '', /^192\.0\.2\.1:/);
  assert.ok(server.log.some(({ text }) => /too many other requests/.test(text)));
});
