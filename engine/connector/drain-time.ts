import type { Clock } from '../base/ports.ts';
import type { QueueRow } from '../contract/views.ts';

/** Rates change once a second, so more samples say nothing more. */
const SAMPLE_MS = 1_000;
/** What was 20 s ago counts a third of what is now. */
const MEMORY_MS = 20_000;
/** So many samples must have shrunk in a row before a time is told. */
const SAMPLES_MIN = 3;

interface Drain {
  /** Messages a second by which the queue shrinks, smoothed. */
  readonly netRate: number;
  readonly shrinking: number;
  readonly atMs: number;
}

type Flow = Pick<QueueRow, 'id' | 'depth' | 'inRate' | 'outRate'>;

/** Smoothed times until queues are empty. Call `look` for all queues whenever they are shown. */
export class DrainTimes {
  readonly #clock: Clock;
  #drains = new Map<string, Drain>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a sample of each queue, at most one a second, and forgets those that are no longer there. */
  look(queues: readonly Flow[]): void {
    const now = this.#clock.now();
    this.#drains = new Map(
      queues
        .filter(({ depth }) => depth > 0)
        .map((queue) => [queue.id, sampled(this.#drains.get(queue.id), queue, now)]),
    );
  }

  /** Seconds until it is empty; undefined if it does not shrink steadily. Never less than at the rate at which it drains. */
  seconds({ id, depth, outRate }: Flow): number | undefined {
    const drain = this.#drains.get(id);
    if (drain === undefined || drain.shrinking < SAMPLES_MIN || drain.netRate <= 0 || outRate <= 0)
      return undefined;
    return Math.ceil(depth / Math.min(drain.netRate, outRate));
  }
}

function sampled(last: Drain | undefined, { inRate, outRate }: Flow, now: number): Drain {
  const net = outRate - inRate;
  if (last === undefined) return { netRate: net, shrinking: net > 0 ? 1 : 0, atMs: now };
  const elapsedMs = now - last.atMs;
  if (elapsedMs < SAMPLE_MS) return last;
  const share = 1 - Math.exp(-elapsedMs / MEMORY_MS);
  const netRate = last.netRate + (net - last.netRate) * share;
  return { netRate, shrinking: net > 0 ? last.shrinking + 1 : 0, atMs: now };
}
