import { nextMicrotask } from './batching.ts';
import type { Clock } from './ports.ts';

const BUCKET_MS = 1_000;
const BUCKETS = 40;
/** Period of `perSecond`: long enough to be steady, short enough to follow changes. */
const WINDOW_BUCKETS = 5;

/**
 * Counts events per second over the last 40 s. It reads the clock once for all events of one event-loop turn, since
 * reading it for each event would cost more than the counting.
 */
export class RateMeter {
  readonly #clock: Clock;
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  #bucket: number;
  #pending = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucket = Math.floor(clock.now() / BUCKET_MS);
  }

  add(count = 1): void {
    if (this.#pending === 0) countLater(this);
    this.#pending += count;
  }

  /** Events per second over the last whole seconds, rounded. */
  perSecond(): number {
    return Math.round(this.#sum(1, WINDOW_BUCKETS) / WINDOW_BUCKETS);
  }

  /** Events per second in each 5 s of the last 40 s, oldest first. */
  history(): number[] {
    const groups = BUCKETS / WINDOW_BUCKETS;
    return Array.from({ length: groups }, (_, group) =>
      Math.round(this.#sum((groups - 1 - group) * WINDOW_BUCKETS, WINDOW_BUCKETS) / WINDOW_BUCKETS),
    );
  }

  /** Sums `count` buckets, starting `ago` buckets back. */
  #sum(ago: number, count: number): number {
    this.count();
    this.#turn();
    let sum = 0;
    for (let back = ago; back < ago + count && back < BUCKETS; back += 1) {
      sum += this.#counts[(this.#bucket - back + BUCKETS * 2) % BUCKETS] ?? 0;
    }
    return sum;
  }

  /** Adds pending events to the current bucket. */
  count(): void {
    if (this.#pending === 0) return;
    const count = this.#pending;
    this.#pending = 0;
    this.#turn();
    const slot = this.#bucket % BUCKETS;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
  }

  #turn(): void {
    const bucket = Math.floor(this.#clock.now() / BUCKET_MS);
    const steps = Math.min(bucket - this.#bucket, BUCKETS);
    for (let step = 1; step <= steps; step += 1) this.#counts[(this.#bucket + step) % BUCKETS] = 0;
    this.#bucket = bucket;
  }
}

/** Meters with pending events. Several meters count each message; one pass updates all of them. */
let uncounted: RateMeter[] = [];

function countLater(meter: RateMeter): void {
  if (uncounted.length === 0) nextMicrotask(countAll);
  uncounted.push(meter);
}

function countAll(): void {
  const meters = uncounted;
  uncounted = [];
  for (const meter of meters) meter.count();
}
