import { ConnectorRemoteTool } from '../../../source/index.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { atMost, type Bench, type Case, type Row } from '../case.ts';
import { deviation, median } from '../figures.ts';
import { watch } from '../processes.ts';
import type { Counted } from '../programs/numbered.ts';
import { faults, QUIET_MS } from '../rate.ts';
import { StoredPair } from '../systems/stored-pair.ts';
import type { Driven } from '../workshop.ts';

const DEPTHS = [1_000, 10_000, 100_000, 1_000_000];
const BYTES = 100;
const BATCH = 100;
const BATCHES_PER_SECOND = 40;
const FILL_MS = 600_000;

/** A server that holds so many messages for a consumer that takes one batch for each that comes. */
interface Deep {
  readonly depth: number;
  readonly name: string;
  readonly pair: StoredPair;
  readonly producer: Driven;
  readonly consumer: Driven;
  sent: number;
  /** Of both connectors, in µs a batch. */
  readonly costs: number[];
  readonly peakMb: number[];
}

async function start(bench: Bench, depth: number, batches: number): Promise<Deep[]> {
  const all: Deep[] = [];
  for (const build of bench.builds) {
    const pair = await StoredPair.make(bench, build);
    await pair.start('far');
    await pair.start('near');
    const producer = pair.program('near');
    const consumer = pair.program('far', 'paced-program.ts');
    await producer.do('send', { count: depth, bytes: BYTES });
    const far = await ConnectorRemoteTool.fromConfig(pair.configFile('far'));
    await waitFor(async () => (await far.peekQueues()).queueRecv >= depth, {
      what: `${depth} messages at the server`,
      timeoutMs: FILL_MS,
    });
    await consumer.do('expect', { count: depth + batches * BATCH, bytes: BYTES });
    await consumer.do('listen');
    const name = `${depth.toLocaleString('en')} waiting${build.suffix}`;
    all.push({ depth, name, pair, producer, consumer, sent: depth, costs: [], peakMb: [] });
  }
  return all;
}

/** So many batches come and as many are taken. */
async function pass(deep: Deep, batches: number, isCounted: boolean): Promise<void> {
  const { pair, producer, consumer } = deep;
  const watched = watch({ near: pair.pid('near'), far: pair.pid('far') });
  await consumer.do('take', { bursts: batches, burst: BATCH, burstsPerSecond: BATCHES_PER_SECOND });
  const count = batches * BATCH;
  const perSecond = BATCH * BATCHES_PER_SECOND;
  await producer.do('bursts', { from: deep.sent, count, bytes: BYTES, burst: BATCH, perSecond });
  deep.sent += count;
  const { cpuMs, peakMb } = watched();
  if (!isCounted) return;
  deep.costs.push((1000 * ((cpuMs['near'] ?? 0) + (cpuMs['far'] ?? 0))) / batches);
  deep.peakMb.push(...Object.values(peakMb));
}

export const depth: Case = {
  name: 'depth',
  about:
    `With so many messages waiting at the server, ${BATCHES_PER_SECOND} batches of ${BATCH} messages of ${BYTES} bytes a ` +
    'second come and as many are taken, stored on both disks: the CPU of both connectors for a batch.',
  async run(bench) {
    const { rounds, seconds, backlog } = bench.options;
    const depths = [...new Set(DEPTHS.map((depth) => Math.min(depth, backlog)))];
    const batches = Math.max(1, Math.round(BATCHES_PER_SECOND * seconds));
    const all: Deep[] = [];
    for (const depth of depths) all.push(...(await start(bench, depth, batches * (rounds + 1))));
    for (const deep of all) await pass(deep, batches, false);
    for (let round = 0; round < rounds; round += 1) for (const deep of all) await pass(deep, batches, true);
    const counted = new Map<Deep, Counted>();
    for (const deep of all) {
      await deep.consumer.do('takeAll');
      counted.set(deep, await deep.consumer.do<Counted>('all', { quietMs: QUIET_MS }));
    }
    const ours = all.filter((_, index) => index % bench.builds.length === 0);
    const rows = all.map(
      (deep): Row => ({
        system: deep.name,
        // Only this checkout's are drawn.
        ...(ours.includes(deep) && { at: deep.depth }),
        unit: 'µs a batch',
        values: deep.costs,
        peakMb: { connector: Math.max(...deep.peakMb) },
        faults: faults([counted.get(deep) as Counted]),
      }),
    );
    const costs = ours.map((deep) => median(deep.costs));
    return {
      rows,
      bars: [
        atMost(0.2, 'largest distance of a cost from their median, as a share of it', deviation(costs)),
        atMost(150, 'memory of a connector, MB', Math.max(...ours.flatMap(({ peakMb }) => peakMb))),
      ],
    };
  },
};
