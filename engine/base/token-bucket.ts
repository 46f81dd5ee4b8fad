/** How often something may happen: on average, and at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: full at the start, and refilled evenly. Times are those of Clock.now. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= this.#rate.burst;
  }

  /**
   * Takes one token.
   *
   * @param spare how many must be left; default 0
   * @returns false if there are too few
   */
  take(nowMs: number, spare = 0): boolean {
    if (this.waitMs(nowMs, spare) > 0) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Milliseconds until `take` succeeds. */
  waitMs(nowMs: number, spare = 0): number {
    this.#refill(nowMs);
    // Sums of fractions may miss a whole number by a little.
    const missing = 1 + spare - this.#tokens - 1e-6;
    return missing <= 0 ? 0 : (missing * 1000) / this.#rate.perSecond;
  }

  #refill(nowMs: number): void {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1000);
    this.#atMs = nowMs;
  }
}

/** One token bucket of the same rate for each key, for example each address. A full bucket takes no memory. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweepAt = SWEEP_FROM;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** The number of keys in memory. */
  get size(): number {
    return this.#buckets.size;
  }

  take(key: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#rate, nowMs);
      this.#buckets.set(key, bucket);
      this.#sweep(nowMs);
    }
    return bucket.take(nowMs);
  }

  waitMs(key: string, nowMs: number): number {
    return this.#buckets.get(key)?.waitMs(nowMs) ?? 0;
  }

  /** Forgets full buckets, whenever their number has doubled. */
  #sweep(nowMs: number): void {
    if (this.#buckets.size < this.#sweepAt) return;
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(nowMs)) this.#buckets.delete(key);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#buckets.size);
  }
}

const SWEEP_FROM = 64;
