import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProbeFault, ProbeTamperer } from '../../campaigns/simulator/probe-tamperer.ts';
import { Side } from '../../helpers/simulated-connectors.ts';
import { type SimulatedWorld, simulatedWorld } from '../../helpers/simulated-world.ts';

const NAME = 'edge-1';
const LINES = ['one', 'two', 'three'];
const LATE_MS = 7_500;
/** A client that hears nothing waits for 75 s, and then may have to ask again and to call again. */
const LIMIT_MS = 200_000;
const STEP_MS = 250;

interface Two {
  readonly in_: SimulatedWorld;
  readonly server: Side;
  readonly client: Side;
}

const world = (): SimulatedWorld => simulatedWorld(1, 1);

async function two(in_ = world()): Promise<Two> {
  in_.network.certificateOfDialler = { fingerprint: 'aa', claimedName: NAME };
  in_.network.certificateOfListener = { fingerprint: 'ff', claimedName: 'server' };
  const server = new Side(in_, { role: 'server', configuredAs: 'server' });
  const client = new Side(in_, { role: 'client', configuredAs: NAME });
  await server.connector.start();
  await client.connector.start();
  return { in_, server, client };
}

const isAioc = (side: Side): boolean => side.peers[0]?.kind === 'aioc';
const isConnected = (side: Side): boolean => side.peers[0]?.state === 'connected';

/** The next connection has these accidents: of the client's question, and of the server's. */
function tamper(
  in_: SimulatedWorld,
  faults: readonly (ProbeFault | undefined)[],
): { readonly count: number } {
  const happened = { count: 0 };
  in_.network.onDial = (...ends) => {
    in_.network.onDial = () => undefined;
    const onFault = (): void => {
      happened.count += 1;
    };
    new ProbeTamperer({ ends, faults, clock: in_.clock, onFault });
  };
  return happened;
}

/** In steps that are long enough for minutes of simulated time. */
async function until({ in_ }: Two, condition: () => boolean): Promise<void> {
  for (let passedMs = 0; !condition(); passedMs += STEP_MS) {
    assert.ok(passedMs < LIMIT_MS, `not within ${LIMIT_MS} simulated ms: ${condition}`);
    await in_.clock.pass(STEP_MS);
  }
}

async function talk(met: Two): Promise<void> {
  const { in_, server, client } = met;
  for (const line of LINES) {
    client.say(line);
    server.say(line);
  }
  await in_.clock.until(
    () => [server, client].every((side) => side.heard().length >= LINES.length),
    LIMIT_MS,
  );
  await in_.clock.pass(20_000);
  for (const side of [server, client]) assert.deepEqual(side.heard(), LINES);
}

/** Those that have never met; then, over a new connection, those that know each other, the client alone or both. */
async function meet(faults: readonly (ProbeFault | undefined)[]): Promise<void> {
  const unknownFiles = world();
  const first = tamper(unknownFiles, faults);
  const met = await two(unknownFiles);
  await until(met, () => met.server.peers.length === 1);
  await talk(met);
  const known = await two();
  await until(known, () => isAioc(known.server) && isAioc(known.client));
  const second = tamper(known.in_, faults);
  known.in_.network.cutAll();
  await known.in_.clock.pass(5);
  assert.ok(!isConnected(known.server) && !isConnected(known.client));
  await talk(known);
  assert.ok(first.count + second.count > 0, 'nothing has happened to the probe');
}

const LOST: ProbeFault = { what: 'probe', how: 'lost', lateMs: 0, times: 1 };

for (const what of ['probe', 'answer to the probe'] as const) {
  for (const how of ['late', 'lost', 'echoed'] as const) {
    test(`the ${what} is ${how}: all arrives once and in order, without anybody’s help`, async () => {
      const fault = { what, how, lateMs: LATE_MS, times: 1 };
      const always = { times: Number.POSITIVE_INFINITY };
      await meet([fault, undefined]);
      // A server asks only who has not asked.
      await meet([LOST, fault]);
      await meet([
        { ...LOST, ...always },
        { ...fault, ...always },
      ]);
    });
  }
}
