import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Case, type Row } from '../case.ts';
import { median } from '../figures.ts';
import { startClients } from '../systems/clients.ts';

const CLIENTS = 1_000;
/** Heartbeats and timers come seldom: a measurement is longer than the others. */
const LONGER = 5;

export const idle: Case = {
  name: 'idle',
  about: `${CLIENTS.toLocaleString('en')} clients over mutual TLS that send nothing: what the server takes.`,
  async run(bench) {
    const { rounds, seconds, clients: most } = bench.options;
    const all = [];
    for (const build of bench.builds) {
      const clients = await startClients(bench, build, Math.min(CLIENTS, most));
      all.push({ clients, suffix: build.suffix, shares: [] as number[], megabytes: [] as number[] });
    }
    // What connecting has left behind is collected.
    await delay(1000 * LONGER * seconds);
    for (let round = 0; round < rounds; round += 1) {
      for (const { clients, shares, megabytes } of all) {
        const watched = clients.watchServer();
        await delay(1000 * LONGER * seconds);
        const { cpuMs, peakMb, tookMs } = watched();
        shares.push((100 * (cpuMs['server'] ?? 0)) / tookMs);
        megabytes.push(peakMb['server'] ?? Number.NaN);
      }
    }
    const rows = all.flatMap(({ clients, suffix, shares, megabytes }): Row[] => {
      const name = `${clients.count.toLocaleString('en')} idle clients${suffix}`;
      return [
        { system: `${name}: memory of the server`, unit: 'MB', values: megabytes },
        { system: `${name}: CPU of the server`, unit: '% of a core', values: shares },
      ];
    });
    const [ours] = all;
    return {
      rows,
      bars: [
        atMost(140, 'memory of the server, MB', median(ours?.megabytes ?? [])),
        atMost(0.5, 'CPU of the server, % of a core', median(ours?.shares ?? [])),
      ],
    };
  },
};
