import { Side, type SideOptions } from './simulated-connectors.ts';
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts';
import { waitFor } from './wait-for.ts';

const BEN = { fingerprint: 'bb', claimedName: 'ben' };
const HUB = { fingerprint: 'ff', claimedName: 'hub' };

/** A chat server and a client, each with a certificate of its own, started as often as a test likes. */
export function chatMachines() {
  const world = simulatedWorld();
  world.network.certificateOfDialler = BEN;
  world.network.certificateOfListener = HUB;
  const start = async (
    options: Pick<SideOptions, 'role' | 'displayName' | 'knownMachinesFile'> & Partial<SideOptions>,
  ): Promise<Side> => {
    const started = new Side(world, { acceptAll: false, tls: true, ...options });
    await started.connector.start();
    return started;
  };
  return { world, start };
}

/** The files of known machines are not simulated: time passes until a condition holds. */
export async function until(world: SimulatedWorld, what: string, condition: () => boolean): Promise<void> {
  await waitFor(
    async () => {
      if (condition()) return true;
      await world.clock.pass(20);
      return condition();
    },
    { what },
  );
}

export const isConnected = (side: Side) => (): boolean => side.status.phase.kind === 'connected';

/** Accepts the one client that asks. */
export async function acceptOne(world: SimulatedWorld, server: Side): Promise<void> {
  await until(world, 'a request', () => server.status.joinRequests.length === 1);
  const [request] = server.status.joinRequests;
  await server.engine.execute({ kind: 'newcomer.accept', joinRequest: request?.id ?? 0 });
}
