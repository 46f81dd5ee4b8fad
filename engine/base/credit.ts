import type { Clock } from './ports.ts';

/** The shortest period over which a rate is measured. */
const PERIOD_MS = 20;
/** After this time the shortest way to the peer is measured again, if the credit is used up: it may have become longer. */
const SHORTEST_AGE_MS = 60_000;

export interface CreditBounds {
  readonly minBytes: number;
  readonly maxBytes: number;
  /** May be unacknowledged while the shortest time is measured. */
  readonly probeBytes: number;
}

/**
 * How many bytes to a peer may be unacknowledged: twice what the peer acknowledges in the shortest time between
 * sending and acknowledging, so that neither a long way nor a slow disk there leaves the connection idle. Where the peer
 * is slow, the rate is low, and so is the credit.
 *
 * The shortest time is one in which nothing waited at the peer. It cannot be measured while much is on its way: there it
 * would grow with the credit, and the credit with it. So it is measured while little is (as BBR does in its ProbeRTT).
 */
export class Credit {
  readonly #clock: Clock;
  readonly #bounds: CreditBounds;
  /** The credit in bytes, apart from a single batch or piece. */
  bytes: number;
  /** Whether it has held anything back since the last measurement. */
  #wasUsedUp = false;
  #ackedBytes = 0;
  #sinceMs: number;
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestAtMs = 0;
  /** Little is sent, to measure the shortest time. */
  #isProbing = false;
  /** When the first bytes were sent while little was on its way. */
  #probedAtMs: number | undefined;

  constructor(clock: Clock, bounds: CreditBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.bytes = bounds.minBytes;
    this.#sinceMs = clock.now();
  }

  /** Another connection may have another way. */
  reconnected(): void {
    this.#shortestMs = Number.POSITIVE_INFINITY;
    this.#endProbe();
  }

  /** Whether this many bytes may be sent in addition to the unacknowledged bytes. */
  allows(sizeBytes: number, unackedBytes: number): boolean {
    const most = this.#isProbing ? this.#bounds.probeBytes : this.bytes;
    const isAllowed = unackedBytes === 0 || unackedBytes + sizeBytes <= most;
    if (!this.#isProbing) this.#noteUse(isAllowed);
    else if (isAllowed) this.#probedAtMs ??= this.#clock.now();
    return isAllowed;
  }

  #noteUse(isAllowed: boolean): void {
    if (isAllowed) return;
    this.#wasUsedUp = true;
    const isKnown = this.#shortestMs < Number.POSITIVE_INFINITY;
    if (isKnown && this.#clock.now() - this.#shortestAtMs > SHORTEST_AGE_MS) this.#isProbing = true;
  }

  #endProbe(): void {
    this.#isProbing = false;
    this.#probedAtMs = undefined;
    this.#begin();
  }

  #begin(): void {
    this.#ackedBytes = 0;
    this.#sinceMs = this.#clock.now();
    this.#wasUsedUp = false;
  }

  /** Bytes that were sent at that time were acknowledged. */
  acknowledged(sizeBytes: number, sentAtMs: number): void {
    const nowMs = this.#clock.now();
    const tookMs = Math.max(1, nowMs - sentAtMs);
    if (this.#isProbing) {
      if (this.#probedAtMs === undefined || sentAtMs < this.#probedAtMs) return;
      this.#noteShortest(tookMs);
      this.#endProbe();
      return;
    }
    if (tookMs <= this.#shortestMs) this.#noteShortest(tookMs);
    this.#ackedBytes += sizeBytes;
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < Math.max(PERIOD_MS, this.#shortestMs)) return;
    this.#adjust((this.#ackedBytes / elapsedMs) * this.#shortestMs * 2);
    this.#begin();
  }

  #noteShortest(tookMs: number): void {
    this.#shortestMs = tookMs;
    this.#shortestAtMs = this.#clock.now();
  }

  #adjust(target: number): void {
    if (target > this.bytes && !this.#wasUsedUp) return;
    // It shrinks slowly, since a pause of the sender also lowers the rate.
    const next = Math.max(target, this.bytes * 0.75);
    this.bytes = Math.min(this.#bounds.maxBytes, Math.max(this.#bounds.minBytes, next));
  }
}
