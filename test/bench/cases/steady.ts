import { atMost, type Case, type Row } from '../case.ts';
import { median, percentile } from '../figures.ts';
import { watch } from '../processes.ts';
import type { Counted } from '../programs/numbered.ts';
import { faults, QUIET_MS, startAll } from '../rate.ts';
import { aiocs } from '../systems/aioc.ts';
import { floor } from '../systems/floor.ts';
import type { System } from '../systems/system.ts';

const BURST = 20;
const PER_SECOND = 1_000;
const BYTES = 100;
const NAME = 'aioc, stored';
const PARTS = ['near', 'far'];
/** As a share of a measurement: the first messages of a process cost more. */
const WARM_UPS = 2;

interface Measured {
  readonly counted: Counted;
  /** In percent of a core. */
  readonly share: Readonly<Record<string, number>>;
}

async function steadily({ sender, receiver, processes }: System, count: number): Promise<Measured> {
  await receiver.do('expect', { count, bytes: BYTES, timed: true });
  const used = watch(processes);
  const [, counted] = await Promise.all([
    sender.do('bursts', { count, bytes: BYTES, burst: BURST, perSecond: PER_SECOND }),
    receiver.do<Counted>('all', { quietMs: QUIET_MS }),
  ]);
  const { cpuMs, tookMs } = used();
  const share = Object.fromEntries(PARTS.map((part) => [part, (100 * (cpuMs[part] ?? 0)) / tookMs]));
  return { counted, share };
}

export const steady: Case = {
  name: 'steady',
  about: `${PER_SECOND} messages of ${BYTES} bytes a second in bursts of ${BURST}, stored on both disks.`,
  async run(bench) {
    const { rounds, seconds, messages } = bench.options;
    const count = Math.min(messages, PER_SECOND * seconds);
    const contenders = [floor('floor, stored', { stored: true }), ...aiocs(bench, NAME)];
    const all = (await startAll(bench, contenders)).map(({ contender, system }) => ({
      name: contender.name,
      system,
      measured: [] as Measured[],
    }));
    for (const { system } of all)
      for (let time = 0; time < WARM_UPS; time += 1) await steadily(system, count);
    for (let round = 0; round < rounds; round += 1)
      for (const { system, measured } of all) measured.push(await steadily(system, count));
    const rows = all.flatMap(({ name, measured }): Row[] => [
      ...PARTS.map((part) => ({
        system: `${name}: ${part} connector`,
        unit: '% of a core',
        values: measured.map(({ share }) => share[part] ?? Number.NaN),
        faults: faults(measured.map(({ counted }) => counted)),
      })),
      ...[0.5, 0.99].map((part) => ({
        system: `${name}: from send to handler, p${100 * part}`,
        unit: 'ms',
        values: measured.map(({ counted }) => percentile(counted.tookMs ?? [], part)),
      })),
    ]);
    const bars = PARTS.map((part) => `${NAME}: ${part} connector`).map((name) =>
      atMost(5, `${name}, % of a core`, median(rows.find(({ system }) => system === name)?.values ?? [])),
    );
    return { rows, bars };
  },
};
