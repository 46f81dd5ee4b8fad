import { faults, median, type Rated, rate, ratio, spread, times } from './figures.ts';
import { isInstalled, OTHERS } from './others.ts';
import type { Bench } from './run.ts';
import { NOT_STORED, type System, startFloor, startSystem } from './systems.ts';

const REFERENCE = 'NATS core, TLS, nothing stored or confirmed';

interface Measured {
  readonly name: string;
  readonly system: System;
  readonly rounds: Rated[];
}

/** Messages of 100 bytes from one program to another over aioc and over other brokers, in turn within each round. */
export const brokers: Bench = {
  name: 'brokers',
  async run({ workshop, rounds, sizes: { messages: count }, print }) {
    const measured: Measured[] = [];
    const add = (name: string, system: System): number => measured.push({ name, system, rounds: [] });
    add('floor, four plain Node processes, TLS', await startFloor(workshop));
    add('aioc, TLS', await startSystem({ workshop, tls: true, config: NOT_STORED }));
    add('aioc, TLS, stored on both disks (batch)', await startSystem({ workshop, tls: true }));
    for (const other of OTHERS) {
      if (isInstalled(other)) add(other.name, await other.start(workshop));
      else print(`  without ${other.name}: ${other.command} is not installed`);
    }
    // The first messages of a process are slow, and count for none of them.
    for (const { system } of measured) await rate(system, { count });
    for (let round = 0; round < rounds; round += 1)
      for (const { system, rounds: seen } of measured) seen.push(await rate(system, { count }));
    print(`messages of 100 B a second: median (min..max) of ${rounds} rounds of ${count}`);
    const speeds = ({ rounds: seen }: Measured): number[] => seen.map(({ perSecond }) => perSecond);
    const reference = measured.find(({ name }) => name === REFERENCE);
    for (const one of measured) {
      const over = reference && `${times(ratio(speeds(one), speeds(reference)))} NATS core`;
      print(
        `  ${one.name.padEnd(46)}${spread(speeds(one)).padEnd(34)}${(over ?? '').padEnd(18)}${faults(one.rounds)}`,
      );
    }
    const figures = measured.map((one) => ({
      name: one.name,
      median: median(speeds(one)),
      rounds: speeds(one),
    }));
    print(JSON.stringify({ bench: 'brokers', bytes: 100, count, figures }));
  },
};
