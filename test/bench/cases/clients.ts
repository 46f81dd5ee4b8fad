import { atMost, type Bench, type Case, type CaseResult, type Row } from '../case.ts';
import { deviation, median, percentile } from '../figures.ts';
import type { Used } from '../processes.ts';
import type { Counted } from '../programs/numbered.ts';
import { faults } from '../rate.ts';
import { type ClientsLoad, type ManyClients, startClients } from '../systems/clients.ts';

const BYTES = 100;

interface Measured {
  readonly used: Used;
  readonly counted: readonly Counted[];
  readonly load: ClientsLoad;
}

interface Running {
  readonly name: string;
  readonly clients: ManyClients;
  readonly measured: Measured[];
}

async function startAll(bench: Bench, counts: readonly number[]): Promise<readonly Running[]> {
  const all: Running[] = [];
  for (const build of bench.builds) {
    for (const count of counts) {
      const clients = await startClients(bench, build, count);
      all.push({ name: `${count.toLocaleString('en')} clients${build.suffix}`, clients, measured: [] });
    }
  }
  return all;
}

async function measure({ clients, measured }: Running, load: ClientsLoad): Promise<void> {
  const watched = clients.watchServer();
  const counted = await clients.send(load);
  measured.push({ used: watched(), counted, load });
}

function row(
  { name, measured }: Running,
  [what, unit]: readonly [what: string, unit: string],
  value: (of: Measured) => number,
): Row {
  return {
    system: `${name}: ${what}`,
    unit,
    values: measured.map(value),
    faults: faults(measured.flatMap(({ counted }) => counted)),
  };
}

const cpuMs = ({ used }: Measured): number => used.cpuMs['server'] ?? Number.NaN;
const peakMb = ({ used }: Measured): number => used.peakMb['server'] ?? Number.NaN;

export const hundred: Case = {
  name: 'hundred',
  about:
    '100 clients that send 40 messages of 100 bytes a second each, over mutual TLS, stored by the server.',
  async run(bench) {
    const { rounds, seconds, clients } = bench.options;
    const each = 40;
    const count = Math.min(100, clients);
    const load = { bursts: Math.ceil(each * seconds), burst: 1, burstsPerSecond: each * count, bytes: BYTES };
    const all = await startAll(bench, [count]);
    for (const one of all) await one.clients.send(load);
    for (let round = 0; round < rounds; round += 1) for (const one of all) await measure(one, load);
    const took = (share: number) => (of: Measured) =>
      percentile(
        of.counted.flatMap(({ tookMs = [] }) => tookMs),
        share,
      );
    const rows = all.flatMap((one) => [
      row(one, ['CPU of the server', '% of a core'], (of) => (100 * cpuMs(of)) / of.used.tookMs),
      row(one, ['memory of the server', 'MB'], peakMb),
      row(one, ['from send to handler, p50', 'ms'], took(0.5)),
      row(one, ['from send to handler, p99', 'ms'], took(0.99)),
    ]);
    return { rows, bars: [] };
  },
};

const BATCH = 20;
const BATCHES_PER_SECOND = 400;

export const clients: Case = {
  name: 'clients',
  about:
    `${BATCHES_PER_SECOND} batches of ${BATCH} messages of ${BYTES} bytes a second from 10, 100 and 1,000 clients over ` +
    'mutual TLS, each in turn, stored by the server: its CPU for a batch.',
  async run(bench): Promise<CaseResult> {
    const { rounds, seconds, clients: most } = bench.options;
    const counts = [...new Set([10, 100, 1_000].map((count) => Math.min(count, most)))];
    const all = await startAll(bench, counts);
    const loadOf = ({ count }: ManyClients): ClientsLoad => ({
      bursts: Math.max(1, Math.round((BATCHES_PER_SECOND * seconds) / count)),
      burst: BATCH,
      burstsPerSecond: BATCHES_PER_SECOND,
      bytes: BYTES,
    });
    for (const one of all) await one.clients.send(loadOf(one.clients));
    for (let round = 0; round < rounds; round += 1)
      for (const one of all) await measure(one, loadOf(one.clients));
    const batchesOf = ({ load }: Measured, { clients }: Running): number => load.bursts * clients.count;
    const costs = all.map((one) =>
      row(one, ['CPU of the server', 'µs a batch'], (of) => (1000 * cpuMs(of)) / batchesOf(of, one)),
    );
    const memory = all.map((one) => row(one, ['memory of the server', 'MB'], peakMb));
    const ours = costs.slice(0, counts.length).map(({ values }) => median(values));
    const ourMemory = memory.slice(0, counts.length).flatMap(({ values }) => values);
    return {
      // Only this checkout's are drawn.
      rows: [
        ...costs.map((cost, index) => ({
          ...cost,
          ...(index < counts.length && { at: counts[index] as number }),
        })),
        ...memory,
      ],
      bars: [
        atMost(0.2, 'largest distance of a cost from their median, as a share of it', deviation(ours)),
        atMost(150, 'memory of the server, MB', Math.max(...ourMemory)),
      ],
    };
  },
};
