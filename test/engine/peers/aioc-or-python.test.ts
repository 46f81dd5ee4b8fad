import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { handshakeFrame } from '../../../engine/protocol/messages.ts';
import type { SimulatedConnection } from '../../helpers/simulated-connection.ts';
import { Side } from '../../helpers/simulated-connectors.ts';
import { SimulatedPython } from '../../helpers/simulated-python.ts';
import { type SimulatedWorld, simulatedWorld } from '../../helpers/simulated-world.ts';

const NAME = 'edge-1';
const DELAYS_MS = [0, 100, 499, 501, 1_000, 2_500, 5_000, 7_500, 10_000];
const LINES = ['one', 'two', 'three'];

/** Mutual TLS, in which nobody says who it is before the probe: the certificates do. */
function world(): SimulatedWorld {
  const made = simulatedWorld();
  made.network.certificateOfDialler = { fingerprint: 'aa', claimedName: NAME };
  made.network.certificateOfListener = { fingerprint: 'ff', claimedName: 'server' };
  return made;
}

async function aiocServer(in_: SimulatedWorld): Promise<Side> {
  const server = new Side(in_, { role: 'server', configuredAs: 'server' });
  await server.connector.start();
  return server;
}

async function aiocClient(in_: SimulatedWorld): Promise<Side> {
  const client = new Side(in_, { role: 'client', configuredAs: NAME });
  await client.connector.start();
  return client;
}

interface Two {
  readonly in_: SimulatedWorld;
  readonly server: Side;
  readonly client: Side;
}

const kindOf = (side: Side): string | undefined => side.peers[0]?.kind;
const connected = (side: Side): boolean => side.peers[0]?.state === 'connected';

/** Two that know each other as aioc, from an earlier connection that is over. */
async function acquainted(): Promise<Two> {
  const in_ = world();
  const [server, client] = [await aiocServer(in_), await aiocClient(in_)];
  await in_.clock.until(() => kindOf(server) === 'aioc' && kindOf(client) === 'aioc');
  return { in_, server, client };
}

/** Lets every connection from now on be so. */
function connections(in_: SimulatedWorld, change: (from: Ends) => void): void {
  in_.network.onDial = (client, server) => change({ client, server });
}

interface Ends {
  readonly client: SimulatedConnection;
  readonly server: SimulatedConnection;
}

/** How often it was logged; a warning that comes again is counted in its row. */
const logged = (side: Side, text: RegExp): number =>
  side.log.filter((row) => text.test(row.text)).reduce((sum, { repeats = 1 }) => sum + repeats, 0);
const DOWNGRADED = /was aioc before but is Python now/;
const TAKEN_FOR_PYTHON = /\(Python\)|Python now/;

/** What one says to the other, from before there is a connection on, and what the other has heard in the end. */
async function talk({ in_, server, client }: Two): Promise<void> {
  for (const line of LINES) {
    client.say(line);
    server.say(line);
  }
  const both = (): boolean => server.heard().length >= LINES.length && client.heard().length >= LINES.length;
  await in_.clock.until(both);
  await in_.clock.until(() => kindOf(server) === 'aioc' && kindOf(client) === 'aioc');
  await in_.clock.pass(60_000);
  assert.deepEqual(server.heard(), LINES);
  assert.deepEqual(client.heard(), LINES);
}

for (const role of ['client', 'server'] as const) {
  test(`what a ${role} writes is late: one never seen before is aioc in the end, and nothing comes twice`, async () => {
    for (const delayMs of DELAYS_MS) {
      const in_ = world();
      connections(in_, (ends) => {
        ends[role].latencyMs = delayMs;
      });
      const [server, client] = [await aiocServer(in_), await aiocClient(in_)];
      await in_.clock.until(() => server.peers.length === 1);
      await talk({ in_, server, client });
      const late = role === 'client' && delayMs > LIMITS.probeHoldMs;
      assert.equal(logged(server, /\(Python\)/), late ? 1 : 0, `${delayMs} ms`);
      assert.equal(logged(server, /is aioc 0.0.0, not Python/), late ? 1 : 0, `${delayMs} ms`);
      assert.equal(in_.network.pairs.length, 1, `${delayMs} ms`);
    }
  });

  test(`what a ${role} writes is late: one known as aioc is waited for and is never taken for Python`, async () => {
    for (const delayMs of DELAYS_MS) {
      const { in_, server, client } = await acquainted();
      connections(in_, (ends) => {
        ends[role].latencyMs = delayMs;
      });
      in_.network.cutAll();
      await in_.clock.until(() => !connected(server) && !connected(client));
      await talk({ in_, server, client });
      for (const side of [server, client]) assert.equal(logged(side, TAKEN_FOR_PYTHON), 0, `${delayMs} ms`);
      assert.equal(in_.network.pairs.length, 2, `${delayMs} ms: over one connection`);
    }
  });

  test(`what a ${role} writes is lost: one known as aioc is asked again, then called again, and never taken for Python`, async () => {
    const { in_, server, client } = await acquainted();
    let lost = 2;
    connections(in_, (ends) => {
      ends[role].silent = lost > 0;
      lost -= 1;
    });
    in_.network.cutAll();
    await in_.clock.until(() => !connected(server) && !connected(client));
    for (const line of LINES) {
      client.say(line);
      server.say(line);
    }
    await in_.clock.until(() => in_.network.pairs.length === 4, 300_000);
    await talkedAlready({ in_, server, client });
    for (const side of [server, client]) assert.equal(logged(side, TAKEN_FOR_PYTHON), 0);
    const oneThatWaits = role === 'client' ? server : client;
    // Or the other side, which hears nothing either, was the first to give the connection up.
    const other = oneThatWaits === client ? server : client;
    const silent = logged(other, /stopped answering keep-alives/);
    assert.equal(logged(oneThatWaits, /did not answer the probe in time/) + silent, 2);
  });
}

async function talkedAlready({ in_, server, client }: Two): Promise<void> {
  await in_.clock.until(() => connected(server) && connected(client));
  await in_.clock.pass(60_000);
  assert.deepEqual(server.heard(), LINES);
  assert.deepEqual(client.heard(), LINES);
}

test('a silent client never seen before is Python after half a second', async () => {
  const in_ = world();
  const server = await aiocServer(in_);
  const python = SimulatedPython.call(in_, NAME);
  await in_.clock.until(() => server.peers.length === 1, LIMITS.probeHoldMs + 20);
  assert.equal(kindOf(server), 'python');
  assert.deepEqual(
    python.types.filter((type) => type === '_ping'),
    python.types,
    'nothing but the lag measurement and the nudge',
  );
});

test('on the server: Python, aioc, Python that says nothing, aioc, Python that talks, each known within a second', async () => {
  const in_ = world();
  const server = await aiocServer(in_);
  const seen = async (kind: string): Promise<void> => {
    await in_.clock.until(() => kindOf(server) === kind && connected(server), 5_000);
  };
  const gone = (): Promise<void> => in_.clock.until(() => !connected(server), 5_000);

  const first = SimulatedPython.call(in_, NAME);
  await seen('python');
  first.stop();
  await gone();

  for (const [talks, changes] of [
    [false, 1],
    [true, 2],
  ] as const) {
    const aioc = await aiocClient(in_);
    await seen('aioc');
    await aioc.connector.stop();
    await gone();
    server.say(`for Python ${changes}`);
    const python = SimulatedPython.call(in_, NAME);
    if (talks) python.say('from Python');
    await seen('python');
    await in_.clock.until(() => python.heard.includes(`for Python ${changes}`), 1_000);
    assert.equal(logged(server, DOWNGRADED), changes);
    assert.ok(!python.types.includes('_aioc'));
    python.stop();
    await gone();
  }
  assert.ok(server.heard().includes('from Python'), 'the frame by which it was known is delivered, too');
  assert.equal(server.peers.length, 1, 'one name, one peer');

  const again = SimulatedPython.call(in_, NAME);
  await seen('python');
  assert.equal(logged(server, DOWNGRADED), 2, 'who is known as Python is no news');
  again.stop();
});

test('on the client: Python, aioc, Python, aioc, each known by its answer', async () => {
  const in_ = world();
  let python = await SimulatedPython.serve(in_);
  const client = await aiocClient(in_);
  const seen = (kind: string): Promise<void> =>
    in_.clock.until(() => kindOf(client) === kind && connected(client), 15_000);
  await seen('python');
  for (const changes of [1, 2]) {
    await python[Symbol.asyncDispose]();
    python.stop();
    const server = await aiocServer(in_);
    await seen('aioc');
    await server.connector.stop();
    client.say(`for Python ${changes}`);
    python = await SimulatedPython.serve(in_);
    await seen('python');
    assert.equal(logged(client, DOWNGRADED), changes);
    await in_.clock.until(() => python.heard.length === 1, 1_000);
    assert.deepEqual(python.heard, [`for Python ${changes}`]);
  }
});

test('a server that has forgotten its client sends to it as to Python; the client, which has not, waits for the answer', async () => {
  const { in_, server: before, client } = await acquainted();
  await before.connector.stop();
  connections(in_, (ends) => {
    ends.client.latencyMs = 5_000;
  });
  const server = await aiocServer(in_);
  await in_.clock.until(() => kindOf(server) === 'python');
  await talk({ in_, server, client });
  assert.equal(logged(client, TAKEN_FOR_PYTHON), 0);
  assert.equal(in_.network.pairs.length, 2);
});

test('an older connection that is slow to say what it is does not take the peer from its newer one', async () => {
  const in_ = world();
  let first = true;
  connections(in_, (ends) => {
    ends.client.silent = first;
    first = false;
  });
  const [server, client] = [await aiocServer(in_), await aiocClient(in_)];
  await in_.clock.pass(50);
  // The client notices at once; the server still believes in its end.
  in_.network.open[0]?.[0].closeWith(new Error('cut'));
  await in_.clock.until(() => kindOf(server) === 'aioc', LIMITS.probeHoldMs - 100);
  await in_.clock.pass(5_000);
  assert.equal(kindOf(server), 'aioc');
  server.say('still here');
  await in_.clock.until(() => client.heard().length === 1, 1_000);
  assert.equal(in_.network.pairs.length, 2);
});

test('in the chat without TLS, where a name says nothing, who was aioc on the same machine is waited for, too', async () => {
  const in_ = simulatedWorld();
  const [server, client] = [new Side(in_, { role: 'server' }), new Side(in_, { role: 'client' })];
  await server.connector.start();
  await client.connector.start();
  await in_.clock.until(() => kindOf(server) === 'aioc' && kindOf(client) === 'aioc');
  const handshake = encodeFrame(handshakeFrame({ tls: false, sourceId: 'chat_client' }));
  connections(in_, (ends) => {
    ends.client.inTimeBytes = handshake.length;
    ends.client.restLatencyMs = 5_000;
  });
  in_.network.cutAll();
  await in_.clock.until(() => !connected(server) && !connected(client));
  await talk({ in_, server, client });
  assert.equal(server.peers.length, 1, 'the same peer, with what waited for it');
  assert.equal(logged(server, TAKEN_FOR_PYTHON), 0);
});
