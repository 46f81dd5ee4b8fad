import type { PythonPeer } from '../helpers/python-peer.ts';
import type { Build } from './builds.ts';
import { median, ratios } from './figures.ts';
import type { BenchOptions } from './options.ts';
import type { Workshop } from './workshop.ts';

/** What a case has to work with. */
export interface Bench {
  readonly options: BenchOptions;
  readonly workshop: Workshop;
  /** This checkout, and with `before` an older one. */
  readonly builds: readonly Build[];
  /** Python's program, or why it cannot be had. */
  readonly python: PythonPeer | { readonly unavailable: string };
  /** Something that the reader should know, such as a system that is not installed. */
  note(line: string): void;
}

/** One line of a case's table. */
export interface Row {
  readonly system: string;
  /** Such as `messages a second`. */
  readonly unit: string;
  /** One value for each round. */
  readonly values: readonly number[];
  /** Of a message, by process, in µs: medians of the rounds. */
  readonly cpuUs?: Readonly<Record<string, number>>;
  /** The most memory of a process during the measurements. */
  readonly peakMb?: Readonly<Record<string, number>>;
  /** What was wrong with the messages of all rounds; `0 lost …` where nothing was. */
  readonly faults?: string;
  /** Where it stands in the case's plot (plot.ts), such as a number of clients. */
  readonly at?: number;
}

/** What a case is to reach. It informs; nothing fails. */
export interface Bar {
  /** Such as `aioc, memory: at least 1.2 × NATS core`. */
  readonly text: string;
  readonly value: number;
  readonly isMet: boolean;
}

export interface CaseResult {
  readonly rows: readonly Row[];
  readonly bars: readonly Bar[];
}

export interface Case {
  readonly name: string;
  /** In one sentence. */
  readonly about: string;
  run(bench: Bench): Promise<CaseResult>;
}

export function atLeast(least: number, what: string, value: number): Bar {
  return { text: `${what}: at least ${least}`, value, isMet: value >= least };
}

export function atMost(most: number, what: string, value: number): Bar {
  return { text: `${what}: at most ${most}`, value, isMet: value <= most };
}

/** Of two systems that were measured in turn: the median of the ratios of each round. Nothing where one was not. */
export function ratioAtLeast(
  rows: readonly Row[],
  least: number,
  [over, under]: readonly [over: string, under: string],
): readonly Bar[] {
  const ratio = ratioOf(rows, over, under);
  return ratio === undefined ? [] : [atLeast(least, `${over} ÷ ${under}`, ratio)];
}

export function ratioAtMost(
  rows: readonly Row[],
  most: number,
  [over, under]: readonly [over: string, under: string],
): readonly Bar[] {
  const ratio = ratioOf(rows, over, under);
  return ratio === undefined ? [] : [atMost(most, `${over} ÷ ${under}`, ratio)];
}

function ratioOf(rows: readonly Row[], over: string, under: string): number | undefined {
  const valuesOf = (name: string): readonly number[] | undefined =>
    rows.find(({ system }) => system === name)?.values;
  const [dividend, divisor] = [valuesOf(over), valuesOf(under)];
  return dividend && divisor && median(ratios(dividend, divisor));
}

/** The time that each connector of this checkout's aioc takes for a message. */
export function connectorCpuAtMost(rows: readonly Row[], mostUs: number, system: string): readonly Bar[] {
  const cpuUs = rows.find((row) => row.system === system)?.cpuUs ?? {};
  return ['near', 'far']
    .filter((part) => part in cpuUs)
    .map((part) => atMost(mostUs, `${system}: CPU of the ${part} connector, µs a message`, cpuUs[part] ?? 0));
}

/** The most memory of each connector of this checkout's aioc. */
export function connectorMemoryAtMost(rows: readonly Row[], mostMb: number, system: string): readonly Bar[] {
  const peakMb = rows.find((row) => row.system === system)?.peakMb ?? {};
  return ['near', 'far']
    .filter((part) => part in peakMb)
    .map((part) => atMost(mostMb, `${system}: memory of the ${part} connector, MB`, peakMb[part] ?? 0));
}
