/** A program that takes its messages no faster than it is told to: `paced-program.ts CONFIG`. */
import { ConnectorAPI } from 'aioc';
import { beDriven } from './driven.ts';
import { Counter, type Expected, nowMs } from './numbered.ts';
import { until } from './until.ts';

interface Pace {
  readonly bursts: number;
  /** Messages in each. */
  readonly burst: number;
  readonly burstsPerSecond: number;
}

const api = await ConnectorAPI.fromConfig(process.argv[2] as string);
const counter = new Counter();
let pace: Pace = { bursts: 0, burst: 1, burstsPerSecond: 1 };
let startedAtMs = 0;
let taken = 0;
let isFree = false;
let resume = (): void => undefined;

/** Called before the first message of each burst. */
async function turn(): Promise<void> {
  const bursts = taken / pace.burst;
  if (bursts < pace.bursts) return until(startedAtMs + (1000 * bursts) / pace.burstsPerSecond);
  await new Promise<void>((resolve) => {
    resume = resolve;
  });
}

async function takeInTurn(data: Buffer): Promise<void> {
  await turn();
  taken += 1;
  counter.take(data);
}

beDriven({
  listen: async () => {
    await api.listen('any', ({ data }) => {
      if (!isFree && taken % pace.burst === 0) return takeInTurn(data);
      taken += 1;
      counter.take(data);
    });
  },
  expect: (expected: Expected) => counter.expect(expected),
  take: (next: Pace) => {
    pace = next;
    taken = 0;
    startedAtMs = nowMs();
    resume();
  },
  /** As fast as they come, from now on. */
  takeAll: () => {
    isFree = true;
    resume();
  },
  all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
});
