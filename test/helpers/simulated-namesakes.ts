import type { TestContext } from 'node:test';
import { Side } from './simulated-connectors.ts';
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts';

/** The name that the clients share. */
export const NAME = 'edge-1';

/** A world in which several clients have one name, and the certificate for it. */
export function worldOfNamesakes(seed: number): SimulatedWorld {
  const world = simulatedWorld(seed, 1);
  world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: NAME };
  world.network.certificateOfListener = { fingerprint: 'ff', claimedName: 'server' };
  return world;
}

/** A connector of that world, started; it is stopped with the test. */
export async function startedSide(
  t: TestContext,
  world: SimulatedWorld,
  options: ConstructorParameters<typeof Side>[1],
): Promise<Side> {
  const made = new Side(world, options);
  await made.connector.start();
  t.after(() => made.connector.stop({ hard: true }));
  return made;
}
