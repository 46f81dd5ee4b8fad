import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';

/**
 * Delays between connection attempts: they double from 0.2 s to 5 s. Up to half of each is random, so that the clients
 * of a restarted server do not all reconnect at the same moment.
 */
export class Backoff {
  readonly #random: Randomness;
  #tries = 0;

  constructor(random: Randomness) {
    this.#random = random;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const fullMs = Math.min(LIMITS.reconnectFirstMs * 2 ** this.#tries, LIMITS.reconnectMaxMs);
    this.#tries = Math.min(this.#tries + 1, 16);
    return Math.round(fullMs * (0.5 + this.#random.fraction() / 2));
  }

  /** Starts again with the shortest delay, after a successful connection. */
  reset(): void {
    this.#tries = 0;
  }
}
