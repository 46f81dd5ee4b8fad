import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { TokenBucket, TokenBuckets } from '../base/token-bucket.ts';

const PER_SOURCE = { perSecond: 1_000 / LIMITS.logIntervalPerSourceMs, burst: LIMITS.logBurstPerSource };
const IN_ALL = { perSecond: 1_000 / LIMITS.logIntervalMs, burst: LIMITS.logBurst };

/**
 * Bounds the log lines that peers, strangers and programs cause: of each source and of all together so many at once, and
 * then one per interval. Once a second it says how many lines are missing.
 */
export class EventLimiter {
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  readonly #sources = new TokenBuckets(PER_SOURCE);
  readonly #all: TokenBucket;
  /** Lines that are missing, by source, since the last second. */
  readonly #missing = new Map<string, number>();
  #missingOfOthers = 0;
  #isTelling = false;

  /** @param tell writes a line about missing ones */
  constructor(clock: Clock, tell: (text: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#all = new TokenBucket(IN_ALL, clock.now());
  }

  /** Whether a line about this source may be written now. */
  admits(source: string): boolean {
    const nowMs = this.#clock.now();
    // In this order, so that no source that was not written takes memory.
    if (this.#all.waitMs(nowMs) === 0 && this.#sources.take(source, nowMs)) return this.#all.take(nowMs);
    this.#miss(source);
    return false;
  }

  #miss(source: string): void {
    const count = this.#missing.get(source);
    if (count !== undefined || this.#missing.size < NAMED_SOURCES)
      this.#missing.set(source, (count ?? 0) + 1);
    else this.#missingOfOthers += 1;
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#clock.after(LIMITS.logIntervalPerSourceMs, () => this.#tellMissing());
  }

  #tellMissing(): void {
    this.#isTelling = false;
    const missing = [...this.#missing];
    const others = this.#missingOfOthers;
    this.#missing.clear();
    this.#missingOfOthers = 0;
    for (const [source, count] of missing) this.#tell(`${linesOf(count)} left out here about ${source}`);
    if (others > 0) this.#tell(`${linesOf(others)} left out here about others`);
  }
}

/** Sources that one second names. */
const NAMED_SOURCES = 3;

function linesOf(count: number): string {
  return count === 1 ? 'one more line was' : `${count} more lines were`;
}
