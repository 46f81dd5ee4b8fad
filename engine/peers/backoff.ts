import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';

/**
 * How long to wait before the next try: doubles from 0.2 s to 5 s, with a jitter of half, so that a thousand clients
 * of a restarted server do not all come back in the same instant.
 */
export class Backoff {
  readonly #random: Randomness;
  #tries = 0;

  constructor(random: Randomness) {
    this.#random = random;
  }

  /** Milliseconds until the next try. */
  next(): number {
    const fullMs = Math.min(LIMITS.reconnectFirstMs * 2 ** this.#tries, LIMITS.reconnectMaxMs);
    this.#tries = Math.min(this.#tries + 1, 16);
    return Math.round(fullMs * (0.5 + this.#random.fraction() / 2));
  }

  /** After a connection that was of use. */
  reset(): void {
    this.#tries = 0;
  }
}
