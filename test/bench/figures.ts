import type { Counted } from './programs/numbered.ts';
import type { System } from './systems.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** `1,234 (1,100..1,400)`: the median, the least and the most. */
export function spread(values: readonly number[], digits = 0): string {
  const text = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text(median(values))} (${text(Math.min(...values))}..${text(Math.max(...values))})`;
}

/** The median of the ratios of each round, so that what slows a whole round slows both. */
export function ratio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, round) => value / (under[round] ?? Number.NaN)));
}

/** A ratio with as many digits as mean something. */
export function times(value: number): string {
  return `${value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(2)}x`;
}

export function held(isHeld: boolean): string {
  return isHeld ? 'held' : 'NOT HELD';
}

/** Messages a second, and what was wrong with them. */
export interface Rated {
  readonly perSecond: number;
  readonly counted: Counted;
}

/** How long nothing comes before what is missing counts as lost. */
const QUIET_MS = 10_000;

/** Sends `count` messages, from the first send to the last arrival. */
export async function rate(
  { sender, receiver }: System,
  { count, ...how }: { readonly count: number } & Readonly<Record<string, unknown>>,
): Promise<Rated> {
  await receiver.do('expect', { count });
  const sent = sender.do<{ startedAtMs: number }>('send', { count, ...how });
  const [{ startedAtMs }, counted] = await Promise.all([
    sent,
    receiver.do<Counted>('all', { quietMs: QUIET_MS }),
  ]);
  return { perSecond: (1000 * counted.received) / (counted.lastAtMs - startedAtMs), counted };
}

/** Adds up what was wrong in several rounds. */
export function faults(rounds: readonly Rated[]): string {
  const sum = (key: 'lost' | 'duplicated' | 'late'): string =>
    rounds.reduce((total, { counted }) => total + counted[key], 0).toLocaleString('en');
  return `${sum('lost')} lost, ${sum('duplicated')} twice, ${sum('late')} out of order`;
}
