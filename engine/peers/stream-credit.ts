import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

/** The shortest period over which a rate is measured. */
const PERIOD_MS = 20;
/** A shorter way to the peer is forgotten after this time: it may have become longer. */
const SHORTEST_AGE_MS = 10_000;

/**
 * How many bytes of a stream may be unacknowledged: twice what the peer acknowledges in the shortest time between
 * sending and acknowledging, so that neither a long way nor a slow disk there leaves the connection idle. Where the peer
 * is slow, the rate is low, and so is the credit.
 */
export class StreamCredit {
  readonly #clock: Clock;
  /** The credit in bytes, apart from a single batch. */
  bytes: number = LIMITS.streamBytes;
  /** Whether it has held back messages since the last measurement. */
  #wasUsedUp = false;
  #ackedBytes = 0;
  #sinceMs: number;
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.now();
  }

  /** Whether messages of this size may be sent in addition to the unacknowledged bytes. */
  allows(sizeBytes: number, unackedBytes: number): boolean {
    const isAllowed = unackedBytes === 0 || unackedBytes + sizeBytes <= this.bytes;
    if (!isAllowed) this.#wasUsedUp = true;
    return isAllowed;
  }

  /** Messages of this size, sent at that time, were acknowledged. */
  acknowledged(sizeBytes: number, sentAtMs: number): void {
    const nowMs = this.#clock.now();
    this.#ackedBytes += sizeBytes;
    const tookMs = Math.max(1, nowMs - sentAtMs);
    if (tookMs <= this.#shortestMs || nowMs - this.#shortestAtMs > SHORTEST_AGE_MS) {
      this.#shortestMs = tookMs;
      this.#shortestAtMs = nowMs;
    }
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < Math.max(PERIOD_MS, this.#shortestMs)) return;
    this.#adjust((this.#ackedBytes / elapsedMs) * this.#shortestMs * 2);
    this.#ackedBytes = 0;
    this.#sinceMs = nowMs;
    this.#wasUsedUp = false;
  }

  #adjust(target: number): void {
    if (target > this.bytes && !this.#wasUsedUp) return;
    // It shrinks slowly, since a pause of the sender also lowers the rate.
    const next = Math.max(target, this.bytes * 0.75);
    this.bytes = Math.min(LIMITS.streamMaxBytes, Math.max(LIMITS.streamBytes, next));
  }
}
