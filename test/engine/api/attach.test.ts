import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PeerRow, Update, View } from '../../../engine/contract/views.ts';
import { LIMITS } from '../../../engine/index.ts';
import { type AttachedEngine, attach } from '../../../source/index.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import { type ConfiguredSide, configuredPair, configuredSide } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const PEERS: View = { pane: 'peers', filter: '', sort: 'name', descending: false, offset: 0, rows: 10 };
const STATUS: View = { pane: 'status' };

async function attached(t: TestContext, side: ConfiguredSide): Promise<AttachedEngine> {
  const engine = await attach(side.configPath);
  t.after(() => engine.close());
  return engine;
}

/** Everything that a view has shown so far. */
function watch(engine: AttachedEngine, view: View): Update[] {
  const seen: Update[] = [];
  engine.open(view, (update) => seen.push(update));
  return seen;
}

const peersIn = (seen: readonly Update[]): readonly PeerRow[] =>
  (seen.at(-1) as Extract<Update, { pane: 'peers' }> | undefined)?.rows ?? [];

test('who is attached sees what changes and steers, and several are attached at once', async (t) => {
  const { server } = await configuredPair(t, 'plain');
  const [one, two] = [await attached(t, server), await attached(t, server)];
  const seen = [watch(one, PEERS), watch(two, PEERS)];
  for (const updates of seen)
    await waitFor(() => peersIn(updates)[0]?.state === 'connected', { what: 'the peer' });
  const peer = peersIn(seen[0] ?? [])[0]?.id ?? '';
  assert.deepEqual(await one.execute({ kind: 'peer.ignore', peer, on: true }), { ok: true, value: null });
  for (const updates of seen) await waitFor(() => peersIn(updates)[0]?.ignored, { what: 'the change' });
  assert.equal(server.peers()[0]?.ignored, true);
  const unknown = await two.execute({ kind: 'peer.ping', peer: 'nobody' });
  assert.ok(!unknown.ok && unknown.code === 'AIOC_PEER_UNKNOWN');
  const row = server.log().find(({ hasBody }) => hasBody);
  assert.deepEqual(await two.query(row?.id ?? -1), await server.engine.engine.query(row?.id ?? -1));
  assert.equal(await two.query(1e9), undefined);
});

/** A client that has nobody to call, and where its door is. */
async function loneClient(
  t: TestContext,
  prepare: (engine: string) => void = () => undefined,
): Promise<{ readonly side: ConfiguredSide; readonly engine: string }> {
  const directory = tempDir(t);
  const config = { is_server: false, client_name: 'client1', use_ssl: false };
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await configuredSide(t, { ...config, server_sockaddr }, directory);
  const engine = join(directory, 'run/aioc_door_client_client1');
  prepare(engine);
  return { side, engine };
}

const warnings = (side: ConfiguredSide): readonly string[] =>
  side
    .log()
    .filter(({ outcome }) => outcome === 'warning')
    .map(({ text }) => text);

test('a stopped connector can be started again by who is attached', async (t) => {
  const { side } = await loneClient(t);
  await side.engine.start();
  const engine = await attached(t, side);
  const seen = watch(engine, STATUS);
  const phase = (): string => {
    const update = seen.at(-1);
    return update?.pane === 'status' ? update.status.phase.kind : '';
  };
  assert.deepEqual(await engine.execute({ kind: 'connector.stop', hard: true }), { ok: true, value: null });
  await waitFor(() => phase() === 'stopped', { what: 'the stop' });
  assert.deepEqual(await engine.execute({ kind: 'connector.start' }), { ok: true, value: null });
  await waitFor(() => phase() !== 'stopped', { what: 'the start' });
});

test('when the connector ends, what is asked fails, and the attachment says why it is over', async (t) => {
  const { server } = await configuredPair(t, 'plain');
  const engine = await attached(t, server);
  const ends: unknown[] = [];
  engine.onClose((why) => ends.push(why?.code ?? 'none'));
  const stopped = server.engine.stop({ hard: true });
  await waitFor(() => ends.length > 0, { what: 'the end' });
  await stopped;
  assert.deepEqual(ends, ['AIOC_CONNECTOR_AWAY']);
  const result = await engine.execute({ kind: 'dial.now' });
  assert.ok(!result.ok && result.code === 'AIOC_CONNECTOR_AWAY');
  await rejectsWith(engine.query(1), 'AIOC_CONNECTOR_AWAY', /the connector stopped/);
  engine.open(STATUS, () => assert.fail('nobody is there to show it')).close();
  engine.onClose((why) => ends.push(why?.code ?? 'none'));
  await waitFor(() => ends.length > 1, { what: 'the same answer' });
  assert.deepEqual(
    readdirSync(join(server.directory, 'run')).filter((name) => name.startsWith('aioc_door')),
    [],
  );
});

test('who detaches is not called gone, and the connector goes on', async (t) => {
  const { side } = await loneClient(t);
  await side.engine.start();
  const engine = await attach(side.configPath);
  const ends: unknown[] = [];
  engine.onClose((why) => ends.push(why));
  const answer = engine.execute({ kind: 'files.list' });
  engine.close();
  assert.equal((await answer).ok, false);
  await waitFor(() => ends.length > 0, { what: 'the end' });
  assert.deepEqual(ends, [undefined]);
  const again = await attached(t, side);
  assert.equal((await again.execute({ kind: 'files.list' })).ok, true);
  assert.doesNotMatch(warnings(side).join(), /screen/);
});

test('only the user of the connector gets to its door, also when an earlier run has left it open', async (t) => {
  const { side, engine } = await loneClient(t, (path) => {
    mkdirSync(path, { recursive: true, mode: 0o777 });
    chmodSync(path, 0o777);
  });
  await side.engine.start();
  assert.equal(statSync(engine).mode & 0o777, 0o700);
  await attached(t, side);
  if (process.geteuid?.() !== 0) return;
  chmodSync(join(side.directory, 'run'), 0o777);
  chmodSync(side.configPath, 0o644);
  await asNobody(side.directory, () =>
    rejectsWith(attach(side.configPath), 'AIOC_CONNECTOR_AWAY', /runs as root: attach as root/),
  );
});

test('what is in the way of its door costs a connector its screens, not its start', async (t) => {
  const { side, engine } = await loneClient(t, (path) => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'a file');
  });
  await side.engine.start();
  assert.match(warnings(side)[0] ?? '', /screens cannot attach: .*it is not a directory/);
  await rejectsWith(attach(side.configPath), 'AIOC_CONNECTOR_AWAY', /Python’s or an older version of aioc/);
  rmSync(engine);
  await side.engine.control.restart({ hard: true, delayMs: 0 });
  await attached(t, side);
});

test('where no connector runs, and where a Python connector does, that is said', async (t) => {
  const { side } = await loneClient(t);
  await rejectsWith(attach(side.configPath), 'AIOC_CONNECTOR_AWAY', /client1 is not running here: start it/);
  mkdirSync(join(side.directory, 'run'), { recursive: true });
  const python = net
    .createServer()
    .listen(join(side.directory, 'run/uds_path_send_to_connector_client_client1'));
  t.after(() => python.close());
  await waitFor(() => python.listening, { what: 'the socket of Python' });
  await rejectsWith(attach(side.configPath), 'AIOC_CONNECTOR_AWAY', /Python’s/);
});

test('more screens than there may be are turned away, and told so', async (t) => {
  const { side } = await loneClient(t);
  await side.engine.start();
  for (let count = 0; count < LIMITS.screensAttached; count += 1) {
    const engine = await attached(t, side);
    for (let views = 0; views < LIMITS.viewsOpen; views += 1) engine.open(STATUS, () => undefined);
    assert.equal((await engine.execute({ kind: 'files.list' })).ok, true);
  }
  await rejectsWith(attach(side.configPath), 'AIOC_CONNECTOR_AWAY', /16 screens are already attached/);
  assert.match(warnings(side).join(), /refused a screen: 16 are already attached/);
});

test('what a view shows of somebody who is not known is nothing, and is not remembered', async (t) => {
  const { side } = await loneClient(t);
  await side.engine.start();
  const engine = await attached(t, side);
  const row = { key: 'k', text: 'a remark' };
  assert.equal((await engine.execute({ kind: 'chat.local', peer: 'stranger', row })).ok, true);
  const seen = watch(engine, { pane: 'chat', peer: 'stranger', filter: '', rows: 5 });
  await waitFor(() => seen.length > 0, { what: 'the view' });
  assert.ok(seen[0]?.pane === 'chat' && seen[0].peer === 'stranger' && seen[0].total === 0);
});
