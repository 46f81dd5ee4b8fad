import type { Bench, Row } from './case.ts';
import { median } from './figures.ts';
import { type Used, watch } from './processes.ts';
import type { Counted } from './programs/numbered.ts';
import type { Contender, System } from './systems/system.ts';

/** How long nothing comes before what is missing counts as lost. */
export const QUIET_MS = 10_000;
const FIRST_COUNT = 16;
/**
 * So long is the last run of the warm-up at least, as a share of a measurement: a shorter one would mostly be the time of
 * the first message, where the link is slow.
 */
const WARM_SHARE = 0.5;

/** Messages a second from the first send to the last arrival, and what it took. */
interface Rated {
  readonly perSecond: number;
  readonly counted: Counted;
  readonly used: Used;
}

export interface Load {
  readonly bytes: number;
  /** Besides that of the contender. */
  readonly manner?: Contender['manner'];
}

/** A contender that runs, and its rounds so far. */
interface Running {
  readonly contender: Contender;
  readonly system: System;
  readonly count: number;
  readonly rounds: Rated[];
}

/** The contenders that can be had, started; the others are named. */
export async function startAll(
  bench: Bench,
  contenders: readonly Contender[],
): Promise<{ readonly contender: Contender; readonly system: System }[]> {
  const started = [];
  for (const contender of contenders.filter(({ name }) => name.includes(bench.options.only))) {
    const why = contender.missing?.(bench);
    if (why === undefined) started.push({ contender, system: await contender.start(bench) });
    else bench.note(`without ${contender.name}: ${why}`);
  }
  return started;
}

/** Starts all systems, then measures each once in every round: as many messages as it moves in the time of a measurement. */
export async function rates(bench: Bench, contenders: readonly Contender[], load: Load): Promise<Row[]> {
  const all: Running[] = [];
  for (const { contender, system } of await startAll(bench, contenders))
    all.push({
      contender,
      system,
      count: await warmUp(bench, system, sendingOf(contender, load)),
      rounds: [],
    });
  for (let round = 0; round < bench.options.rounds; round += 1) {
    for (const { contender, system, count, rounds } of all) {
      const sending = sendingOf(contender, load);
      // Who has stood still is slow at first.
      await rate(system, { ...sending, count: Math.ceil(count / 10) });
      rounds.push(await rate(system, { ...sending, count }));
    }
  }
  return all.map(rowOf);
}

interface Sending {
  readonly bytes: number;
}

function sendingOf({ manner }: Contender, { bytes, manner: more }: Load): Sending {
  return { bytes, ...manner, ...more };
}

/** The first messages of a process are slow. @returns how many fit into a measurement */
async function warmUp({ options }: Bench, system: System, sending: Sending): Promise<number> {
  const { seconds, messages } = options;
  for (let count = Math.min(FIRST_COUNT, messages); ; count = Math.min(4 * count, messages)) {
    const { perSecond } = await rate(system, { ...sending, count });
    const isLongEnough = count / perSecond >= WARM_SHARE * seconds;
    if (isLongEnough || count === messages) return Math.ceil(Math.min(messages, perSecond * seconds));
  }
}

async function rate(
  { sender, receiver, processes }: System,
  { count, bytes, ...manner }: Sending & { readonly count: number },
): Promise<Rated> {
  await receiver.do('expect', { count, bytes });
  const used = watch(processes);
  const [{ startedAtMs }, counted] = await Promise.all([
    sender.do<{ startedAtMs: number }>('send', { count, bytes, ...manner }),
    receiver.do<Counted>('all', { quietMs: QUIET_MS }),
  ]);
  const perSecond = (1000 * counted.received) / (counted.lastAtMs - startedAtMs);
  if (Number.isNaN(perSecond)) throw new Error(`${counted.received} of ${count} messages came`);
  return { perSecond, counted, used: used() };
}

function rowOf({ contender: { name }, rounds }: Running): Row {
  const cpuUs = rounds.map(({ used, counted }) => scaled(used.cpuMs, 1000 / counted.received));
  return {
    system: name,
    unit: 'messages a second',
    values: rounds.map(({ perSecond }) => perSecond),
    cpuUs: eachPart(cpuUs, median),
    peakMb: eachPart(
      rounds.map(({ used }) => used.peakMb),
      (values) => Math.max(...values),
    ),
    faults: faults(rounds.map(({ counted }) => counted)),
  };
}

type Parts = Readonly<Record<string, number>>;

function scaled(parts: Parts, by: number): Parts {
  return Object.fromEntries(Object.entries(parts).map(([part, value]) => [part, value * by]));
}

/** One figure for each process from those of all rounds. */
export function eachPart(rounds: readonly Parts[], summary: (values: readonly number[]) => number): Parts {
  return Object.fromEntries(
    Object.keys(rounds[0] ?? {}).map((part) => [part, summary(rounds.map((of) => of[part] ?? Number.NaN))]),
  );
}

/** Adds up what was wrong. */
export function faults(all: readonly Counted[]): string {
  const sum = (key: 'lost' | 'duplicated' | 'late' | 'wrong'): string =>
    all.reduce((total, counted) => total + counted[key], 0).toLocaleString('en');
  return `${sum('lost')} lost, ${sum('duplicated')} twice, ${sum('late')} out of order, ${sum('wrong')} wrong`;
}
