import { atMost, type Bench, type Case, type Row, ratioAtMost } from '../case.ts';
import { median, percentile, ratios } from '../figures.ts';
import { startAll } from '../rate.ts';
import { aiocs, IN_MEMORY, PYTHONS, withPython } from '../systems/aioc.ts';
import { NATS_CORE } from '../systems/brokers.ts';
import { floor } from '../systems/floor.ts';
import type { System } from '../systems/system.ts';

const BYTES = 100;
const PER_SECOND = 1_000;
const FIRST_COUNT = 8;
const FLOOR = 'floor, memory';
const NAME = 'aioc, memory';
/** Python waits 88 ms for each. */
const PYTHON = withPython('Python, no TLS', { tls: false, client: PYTHONS, server: PYTHONS });
/** Of those that can be asked for many at once. */
const STEADY = `, p99 at ${PER_SECOND.toLocaleString('en')} a second`;
const STEADY_P50 = `, p50 at ${PER_SECOND.toLocaleString('en')} a second`;

async function ask({ sender }: System, count: number, perSecond?: number): Promise<number[]> {
  return sender.do<number[]>('ask', { count, bytes: BYTES, ...(perSecond !== undefined && { perSecond }) });
}

/** @returns how many, one after the other, fit into a measurement */
async function warmUp({ options }: Bench, system: System): Promise<number> {
  const wantedMs = 1000 * options.seconds;
  for (let count = FIRST_COUNT; ; count *= 4) {
    const tookMs = (await ask(system, count)).reduce((sum, one) => sum + one, 0);
    if (tookMs > wantedMs / 5) return Math.min(options.messages, Math.ceil((count * wantedMs) / tookMs));
  }
}

export const requests: Case = {
  name: 'requests',
  about: `A request of ${BYTES} bytes and its answer over TLS: one at a time, and ${PER_SECOND} a second.`,
  async run(bench) {
    const { rounds, seconds, messages } = bench.options;
    const contenders = [floor(FLOOR), ...aiocs(bench, NAME, { config: IN_MEMORY }), NATS_CORE, PYTHON];
    const all = [];
    for (const { contender, system } of await startAll(bench, contenders))
      all.push({ name: contender.name, system, count: await warmUp(bench, system) });
    const values = new Map<string, number[]>();
    const add = (name: string, value: number): void =>
      void values.set(name, [...(values.get(name) ?? []), value]);
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, system, count } of all) {
        const inTurn = await ask(system, count);
        add(`${name}, p50`, percentile(inTurn, 0.5));
        add(`${name}, p99`, percentile(inTurn, 0.99));
        if (name === PYTHON.name) continue;
        const steady = await ask(system, Math.min(messages, PER_SECOND * seconds), PER_SECOND);
        add(`${name}${STEADY_P50}`, percentile(steady, 0.5));
        add(`${name}${STEADY}`, percentile(steady, 0.99));
      }
    }
    const rows: Row[] = [...values].map(([system, each]) => ({ system, unit: 'ms', values: each }));
    const [steadyP99 = [], steadyP50 = []] = [
      values.get(`${NAME}${STEADY}`),
      values.get(`${NAME}${STEADY_P50}`),
    ];
    return {
      rows,
      bars: [
        ...ratioAtMost(rows, 1.6, [`${NAME}, p50`, `${FLOOR}, p50`]),
        atMost(20, `${NAME}${STEADY} ÷ its p50`, median(ratios(steadyP99, steadyP50))),
      ],
    };
  },
};
