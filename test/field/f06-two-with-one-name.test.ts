import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NameConflict } from '../../engine/peers/yielding-client.ts';
import { SimulatedClock } from '../helpers/simulated-clock.ts';
import type { Side } from '../helpers/simulated-connectors.ts';
import { NAME, startedSide, worldOfNamesakes } from '../helpers/simulated-namesakes.ts';
import { SimulatedPython } from '../helpers/simulated-python.ts';
import type { SimulatedWorld } from '../helpers/simulated-world.ts';

const MINUTES_MS = 60_000;

const world = (): SimulatedWorld => worldOfNamesakes(3);

const logged = ({ log }: Side, pattern: RegExp): number =>
  log.filter(({ text }) => pattern.test(text)).length;

/** Two machines of one name, each calling from an address of its own. */
async function clones(t: TestContext, in_: SimulatedWorld): Promise<readonly [Side, Side]> {
  const first = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  await in_.clock.until(() => first.status.phase.kind === 'connected');
  in_.network.callsFrom = '10.0.0.7';
  return [first, await startedSide(t, in_, { role: 'client', configuredAs: NAME })];
}

test('two clients of one name: both logs name it, and they leave the server alone for up to a minute', async (t) => {
  const in_ = world();
  const server = await startedSide(t, in_, { role: 'server', configuredAs: 'server' });
  const [first, second] = await clones(t, in_);
  await in_.clock.until(() => first.status.phase.kind === 'retrying');
  const { phase } = first.status;
  assert.match(
    phase.kind === 'retrying' ? phase.reason : '',
    /another client named edge-1 connected from 10\.0\.0\.7 .*client_name/,
  );
  assert.match(
    server.log.map(({ text }) => text).join('\n'),
    /connected from 10\.0\.0\.7:\d+ and replaced its connection from 10\.0\.0\.9:\d+/,
  );
  await in_.clock.pass(10 * MINUTES_MS);
  const before = in_.network.pairs.length;
  await in_.clock.pass(10 * MINUTES_MS);
  const connections = in_.network.pairs.length - before;
  assert.ok(connections <= 30, `${connections} connections in the second ten minutes`);
  assert.ok(connections > 0, 'neither gives up for good');
  for (const one of [first, second]) assert.ok(logged(one, /another client named edge-1/) > 0);
  assert.ok(logged(server, /replaced its connection from/) <= 40);
});

test('an older aioc, which does not say it, is recognised by its closing again and again', () => {
  const clock = new SimulatedClock();
  const conflict = new NameConflict({
    clock,
    random: { bytes: Buffer.alloc, fraction: () => 0.5 },
    name: NAME,
  });
  const closedSoon = () => {
    conflict.established({ isSilentServer: true });
    return conflict.ended({
      state: 'closed',
      reason: 'closed',
      cause: 'lost',
      whileWaiting: false,
      from: 'established',
      byPeer: true,
    });
  };
  assert.equal(closedSoon(), undefined);
  assert.equal(closedSoon(), undefined);
  const delaysMs = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
    const found = closedSoon();
    assert.match(found?.reason ?? '', /if another client is named edge-1 too/);
    return found?.delayMs ?? 0;
  });
  assert.ok((delaysMs[0] ?? 0) <= 1_000 && (delaysMs.at(-1) ?? 0) > 45_000, String(delaysMs));
});

test('a server of Python’s, which keeps two clients of one name, may end connections as often as it likes', async (t) => {
  const in_ = world();
  const python = await SimulatedPython.serve(in_);
  t.after(() => python[Symbol.asyncDispose]());
  const client = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  for (let times = 0; times < 8; times += 1) {
    await in_.clock.until(() => client.peers[0]?.kind === 'python' && client.peers[0].state === 'connected');
    await in_.clock.pass(100);
    python.stop();
    await in_.clock.until(() => client.status.phase.kind === 'retrying');
    const { phase } = client.status;
    assert.doesNotMatch(phase.kind === 'retrying' ? phase.reason : '', /another client/);
    const closedAt = in_.clock.now();
    const dialled = in_.network.pairs.length;
    await in_.clock.until(() => in_.network.pairs.length > dialled);
    assert.ok(in_.clock.now() - closedAt <= 5_000, `${in_.clock.now() - closedAt} ms`);
  }
});

test('a client whose link was cut replaces its own half-open connection at once, and nobody is warned', async (t) => {
  const in_ = world();
  const server = await startedSide(t, in_, { role: 'server', configuredAs: 'server' });
  const client = await startedSide(t, in_, { role: 'client', configuredAs: NAME });
  for (let times = 0; times < 5; times += 1) {
    await in_.clock.until(
      () => server.peers[0]?.state === 'connected' && client.status.phase.kind === 'connected',
    );
    const [near, far] = in_.network.open.at(-1) ?? [];
    assert.ok(near !== undefined && far !== undefined);
    // The client notices, and the server does not.
    far.silent = true;
    near.silent = true;
    near.closeWith(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    const cutAt = in_.clock.now();
    const before = in_.network.pairs.length;
    await in_.clock.until(() => in_.network.pairs.length > before);
    assert.ok(in_.clock.now() - cutAt < 5_000, `${in_.clock.now() - cutAt} ms`);
    await in_.clock.pass(LONG_MS);
  }
  assert.equal(logged(server, /replaced its connection from/), 0);
  assert.equal(logged(client, /another client/), 0);
});

test('duplicate_client: refuse keeps who answers, and lets the same client back in whose link is dead', async (t) => {
  const in_ = world();
  const server = await startedSide(t, in_, {
    role: 'server',
    configuredAs: 'server',
    refusesDuplicates: true,
  });
  const [first, second] = await clones(t, in_);
  await in_.clock.until(() => second.status.phase.kind === 'retrying');
  assert.equal(first.status.phase.kind, 'connected');
  const { phase } = second.status;
  assert.match(phase.kind === 'retrying' ? phase.reason : '', /edge-1 is already connected to the server/);
  assert.equal(logged(server, /refused from 10\.0\.0\.7:\d+: its connection from 10\.0\.0\.9/), 1);
  await second.connector.stop({ hard: true });
  const [near, far] = in_.network.open.at(-1) ?? [];
  assert.ok(near !== undefined && far !== undefined);
  far.silent = true;
  near.silent = true;
  near.closeWith(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  await in_.clock.until(() => first.status.phase.kind === 'retrying');
  await in_.clock.until(() => first.status.phase.kind === 'connected', 20_000);
});

/** Longer than a connection that is ended soon. */
const LONG_MS = 30_000;
