import { atMost, type Bench, type Case, type Row } from '../case.ts';
import { median } from '../figures.ts';
import { watch } from '../processes.ts';
import { type Counted, nowMs } from '../programs/numbered.ts';
import { eachPart, faults, QUIET_MS } from '../rate.ts';
import { StoredPair } from '../systems/stored-pair.ts';
import type { Driven } from '../workshop.ts';

const COUNTS = [1_000, 10_000, 100_000, 1_000_000];
const BYTES = 100;
const MEMORY_MAX_MB = 150;
const FIRST_MAX_SECONDS = 2;

interface Replay {
  readonly firstSeconds: number;
  readonly perSecond: number;
  readonly cpuUs: Readonly<Record<string, number>>;
  readonly peakMb: Readonly<Record<string, number>>;
  readonly storedPerSecond: number;
  readonly counted: Counted;
}

interface Programs {
  readonly producer: Driven;
  readonly consumer: Driven;
}

/** Stores so many while the server is away, kills the client's connector, and starts both. */
async function replay(pair: StoredPair, { producer, consumer }: Programs, count: number): Promise<Replay> {
  await pair.kill('far');
  const since = performance.now();
  await producer.do('send', { count, bytes: BYTES });
  const storedPerSecond = (1000 * count) / (performance.now() - since);
  await pair.kill('near');
  await consumer.do('expect', { count, bytes: BYTES });
  await pair.start('far');
  const startedAtMs = nowMs();
  const first = consumer.do('first');
  await pair.start('near');
  await first;
  const watched = watch({ near: pair.pid('near'), far: pair.pid('far') });
  const counted = await consumer.do<Counted>('all', { quietMs: 3 * QUIET_MS });
  const { cpuMs, peakMb } = watched();
  const perMessage = (ms = Number.NaN): number => (1000 * ms) / count;
  return {
    firstSeconds: (counted.firstAtMs - startedAtMs) / 1000,
    perSecond: (1000 * counted.received) / (counted.lastAtMs - counted.firstAtMs),
    cpuUs: { near: perMessage(cpuMs['near']), far: perMessage(cpuMs['far']) },
    peakMb,
    storedPerSecond,
    counted,
  };
}

async function startPrograms(pair: StoredPair): Promise<Programs> {
  await pair.start('near');
  // Once they know each other, a full queue refuses nothing that it could keep.
  await pair.start('far');
  const [producer, consumer] = [pair.program('near'), pair.program('far')];
  await consumer.do('listen');
  await consumer.do('expect', { count: 1, bytes: BYTES });
  await producer.do('send', { count: 1, bytes: BYTES });
  await consumer.do('all', { quietMs: QUIET_MS });
  return { producer, consumer };
}

async function replays(bench: Bench, counts: readonly number[]): Promise<Map<string, Replay[]>> {
  const all = [];
  for (const build of bench.builds) {
    const pair = await StoredPair.make(bench, build);
    all.push({ pair, programs: await startPrograms(pair), suffix: build.suffix });
  }
  const seen = new Map<string, Replay[]>();
  for (let round = 0; round < bench.options.rounds; round += 1) {
    for (const count of counts) {
      for (const { pair, programs, suffix } of all) {
        const name = `${count.toLocaleString('en')} stored${suffix}`;
        seen.set(name, [...(seen.get(name) ?? []), await replay(pair, programs, count)]);
      }
    }
  }
  return seen;
}

export const backlog: Case = {
  name: 'backlog',
  about:
    'Messages of 100 bytes stored while the server is away; then both connectors are killed and started. From the start of the ' +
    'client’s connector to the first delivery, and from there to the last.',
  async run(bench) {
    const counts = [...new Set(COUNTS.map((count) => Math.min(count, bench.options.backlog)))];
    const seen = await replays(bench, counts);
    const rows = [...seen].flatMap(([name, all]): Row[] => [
      { system: `${name}: first delivery`, unit: 's', values: all.map(({ firstSeconds }) => firstSeconds) },
      {
        system: `${name}: replay`,
        unit: 'messages a second',
        values: all.map(({ perSecond }) => perSecond),
        cpuUs: eachPart(
          all.map(({ cpuUs }) => cpuUs),
          median,
        ),
        peakMb: eachPart(
          all.map(({ peakMb }) => peakMb),
          (values) => Math.max(...values),
        ),
        faults: faults(all.map(({ counted }) => counted)),
      },
      {
        system: `${name}: while they were stored`,
        unit: 'messages a second',
        values: all.map(({ storedPerSecond }) => storedPerSecond),
      },
    ]);
    const largest = `${counts.at(-1)?.toLocaleString('en')} stored`;
    const peaks = rows.flatMap(({ peakMb }) => Object.values(peakMb ?? {}));
    const first = median((seen.get(largest) ?? []).map(({ firstSeconds }) => firstSeconds));
    return {
      rows,
      bars: [
        atMost(FIRST_MAX_SECONDS, `${largest}: first delivery, s`, first),
        atMost(MEMORY_MAX_MB, 'memory of a connector, MB', Math.max(...peaks)),
      ],
    };
  },
};
