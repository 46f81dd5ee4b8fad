import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { CONTRACT_VERSION } from '../../engine/contract/engine-api.ts';
import { EngineClient, type Port, serveEngine } from '../../engine/contract/engine-rpc.ts';
import type { Update, View } from '../../engine/contract/views.ts';
import { Side } from '../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../helpers/simulated-world.ts';
import { waitFor } from '../helpers/wait-for.ts';

const VIEWS: readonly View[] = [
  { pane: 'status' },
  { pane: 'peers', filter: '', sort: 'name', descending: false, offset: 0, rows: 10 },
  { pane: 'queues', filter: '', sort: 'depth', descending: true, offset: 0, rows: 10 },
  { pane: 'log', filter: '', rows: 10 },
  { pane: 'chat', peer: 'p1', filter: '', rows: 10 },
];

async function busyPair(): Promise<{ server: Side; client: Side }> {
  const world = simulatedWorld();
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: 'laptop' };
  const server = new Side(world, { role: 'server', tls: true, acceptAll: false });
  const client = new Side(world, { role: 'client', tls: true });
  await server.connector.start();
  await client.connector.start();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  await server.engine.execute({ kind: 'newcomer.accept', joinRequest: 1 });
  await world.clock.until(() => server.peers.length === 1);
  client.say('hello');
  await world.clock.until(() => server.heard().length === 1);
  world.network.certificateOfDialler = { fingerprint: 'bb', claimedName: 'third' };
  // Somebody who waits, something that waits, and a command that has printed something.
  await new Side(world, { role: 'client', tls: true, displayName: 'third' }).connector.start();
  await world.clock.until(() => server.status.joinRequests.length === 1);
  world.network.cutAll();
  await world.clock.until(() => server.peers[0]?.state === 'away');
  server.say('later');
  const shell = { running: false, exitCode: 0, lines: ['out'], droppedLines: 0 };
  await server.engine.execute({ kind: 'chat.local', peer: 'p1', row: { key: 'k', text: '$ ls', shell } });
  return { server, client };
}

/** As a value comes out of a worker's port, and out of a socket. */
function assertSurvives(value: unknown): void {
  assert.deepEqual(structuredClone(value), value);
  assert.deepEqual(JSON.parse(JSON.stringify(value)), value);
}

test('every value of the contract survives structuredClone, and JSON', async () => {
  const { server, client } = await busyPair();
  for (const side of [server, client]) {
    for (const view of VIEWS) {
      const seen: Update[] = [];
      side.engine.open(view, (update) => seen.push(update)).close();
      assert.equal(seen.length, 1, `${view.pane} is shown at once`);
      assertSurvives(seen[0]);
    }
    const body = await side.engine.query(side.log.find(({ hasBody }) => hasBody)?.id ?? 0);
    assert.ok(body !== undefined);
    assertSurvives(body);
    const results = [
      await side.engine.execute({ kind: 'peer.disconnect', peer: 'p1' }),
      await side.engine.execute({ kind: 'peer.disconnect', peer: 'nobody' }),
    ];
    assertSurvives(results);
    assert.equal(results[1]?.ok === false && results[1].code, 'AIOC_PEER_UNKNOWN');
  }
});

test('a door over a port shows and does what the door itself does', async () => {
  const { server } = await busyPair();
  const { port1, port2 } = new MessageChannel();
  try {
    serveEngine(port1, server.engine);
    const engine = new EngineClient(port2);
    await engine.greet();
    const seen: Update[] = [];
    const view = engine.open(
      { pane: 'peers', filter: '', sort: 'name', descending: false, offset: 0, rows: 10 },
      (update) => seen.push(update),
    );
    await waitFor(() => seen.length > 0, { what: 'the first update' });
    assert.ok(seen[0]?.pane === 'peers');
    assert.equal(seen[0].rows[0]?.name, 'client');
    view.change({
      pane: 'peers',
      filter: 'nobody like that',
      sort: 'name',
      descending: false,
      offset: 0,
      rows: 10,
    });
    await waitFor(() => seen.length > 1, { what: 'the filtered update' });
    assert.ok(seen[1]?.pane === 'peers' && seen[1].matched === 0 && seen[1].total === 1);
    view.close();
    assert.deepEqual(await engine.execute({ kind: 'all.ignore', on: true }), { ok: true, value: null });
    assert.equal(server.status.ignoringAll, true);
    assert.equal(await engine.query(999_999), undefined);
  } finally {
    port1.close();
  }
});

test('what a screen asks before the engine is there is answered when it is', async () => {
  const { server } = await busyPair();
  const { port1, port2 } = new MessageChannel();
  try {
    const engine = new EngineClient(port2, { isReadOnly: true });
    const greeted = engine.greet();
    const seen: Update[] = [];
    engine.open({ pane: 'status' }, (update) => seen.push(update));
    const refused = engine.execute({ kind: 'all.ignore', on: true });
    serveEngine(port1, server.engine);
    await greeted;
    await waitFor(() => seen.length > 0, { what: 'the status' });
    assert.equal((await refused).ok, false, 'it is read-only from its first command on');
  } finally {
    port1.close();
  }
});

test('two ends of different versions are told apart before anything else is said', async () => {
  const { port1, port2 } = new MessageChannel();
  try {
    port1.on('message', () => port1.postMessage({ kind: 'hello', version: CONTRACT_VERSION + 1 }));
    await assert.rejects(new EngineClient(port2 as Port).greet(), { code: 'AIOC_CONTRACT_VERSION' });
  } finally {
    port1.close();
  }
});

test('a view is updated at most ten times a second, and not at all when nothing it shows has changed', async () => {
  const world = simulatedWorld();
  const server = new Side(world, { role: 'server' });
  await server.connector.start();
  let updates = 0;
  server.engine.open({ pane: 'log', filter: '', rows: 5 }, () => {
    updates += 1;
  });
  const startedAt = world.clock.now();
  for (let note = 0; note < 1_000; note += 1) {
    await server.engine.execute({ kind: 'log.note', text: `note ${note}`, warning: false });
    if (note % 10 === 9) await world.clock.pass(10);
  }
  const seconds = (world.clock.now() - startedAt) / 1_000;
  assert.ok(updates <= seconds * 10 + 2, `${updates} updates in ${seconds} s`);
  assert.ok(updates >= seconds * 5, `${updates} updates in ${seconds} s`);
  await world.clock.pass(1_000);
  const before = updates;
  await world.clock.pass(60_000);
  assert.equal(updates, before);
});
