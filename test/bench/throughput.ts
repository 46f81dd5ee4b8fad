import { faults, type Rated, rate, ratio, spread, times } from './figures.ts';
import type { Bench } from './run.ts';
import { NOT_STORED, type System, startFloor, startSystem } from './systems.ts';

const PYTHON_COUNT = 10_000;

/** Messages of 100 bytes from one program to the other, through two connectors over TLS, as fast as they go. */
export const throughput: Bench = {
  name: 'throughput',
  async run({ workshop, python, rounds, sizes: { messages: count }, print }) {
    const floor = await startFloor(workshop);
    const aioc = await startSystem({ workshop, tls: true, config: NOT_STORED });
    const stored = await startSystem({ workshop, tls: true });
    const reference =
      python && (await startSystem({ workshop, tls: false, python: { server: python, client: python } }));
    // Before each measurement a tenth of it is sent that does not count: who has stood still is slow at first.
    const warmed = async (system: System, count: number, how = {}): Promise<Rated> => {
      await rate(system, { count: Math.ceil(count / 10), ...how });
      return rate(system, { count, ...how });
    };
    for (const system of [floor, aioc, stored]) await rate(system, { count });
    const seen = {
      floor: [] as Rated[],
      aioc: [] as Rated[],
      awaited: [] as Rated[],
      stored: [] as Rated[],
      reference: [] as Rated[],
    };
    for (let round = 0; round < rounds; round += 1) {
      seen.floor.push(await warmed(floor, count * 5));
      seen.aioc.push(await warmed(aioc, count));
      seen.awaited.push(await warmed(aioc, Math.ceil(count / 10), { awaited: true }));
      seen.stored.push(await warmed(stored, count));
      if (reference) seen.reference.push(await warmed(reference, PYTHON_COUNT));
    }
    const speeds = (rated: readonly Rated[]): number[] => rated.map(({ perSecond }) => perSecond);
    const line = (what: string, rated: readonly Rated[]): void =>
      print(`  ${what.padEnd(40)}${spread(speeds(rated)).padEnd(32)}${faults(rated)}`);
    print(`messages of 100 B a second: median (min..max) of ${rounds} rounds of ${count}`);
    line('floor, four plain Node processes, TLS', seen.floor);
    line('aioc, TLS, 1,000 sends under way', seen.aioc);
    line('aioc, TLS, each send awaited', seen.awaited);
    line('aioc, TLS, stored on both disks (batch)', seen.stored);
    if (reference) line('Python, no TLS (its TLS stalls at speed)', seen.reference);
    print(`  aioc over the floor: ${times(ratio(speeds(seen.aioc), speeds(seen.floor)))}`);
    if (!reference) return;
    print(`  aioc over Python: ${times(ratio(speeds(seen.aioc), speeds(seen.reference)))}`);
    print(
      `  aioc, stored, over Python, not stored: ${times(ratio(speeds(seen.stored), speeds(seen.reference)))}`,
    );
  },
};
