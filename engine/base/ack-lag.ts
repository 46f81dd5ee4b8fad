import type { Clock } from './ports.ts';

/** An ack of this age counts half as much as one of now. */
const HALF_LIFE_MS = 5_000;
/** A single slow ack is a fifth of the lag at most, but for the first one. */
const WEIGHT_MIN = 0.05;
const WEIGHT_MAX = 0.2;

/** How long messages to a peer wait for their acks: smoothed, and at least as long as the peer is silent now. */
export class AckLag {
  readonly #clock: Clock;
  #smoothMs: number | undefined;
  /** When the last ack came, or messages were sent while none were on their way. */
  #heardAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Messages are sent while none are on their way. */
  started(): void {
    this.#heardAtMs = this.#clock.now();
  }

  /** An ack has come for a message that was sent at this time of the monotonic clock. */
  acked(sentAtMs: number): void {
    const now = this.#clock.now();
    const lagMs = now - sentAtMs;
    const weight = 1 - 0.5 ** ((now - this.#heardAtMs) / HALF_LIFE_MS);
    const share = Math.min(WEIGHT_MAX, Math.max(WEIGHT_MIN, weight));
    this.#smoothMs = this.#smoothMs === undefined ? lagMs : this.#smoothMs + (lagMs - this.#smoothMs) * share;
    this.#heardAtMs = now;
  }

  /** The connection is lost: the next one may be another way. */
  reset(): void {
    this.#smoothMs = undefined;
  }

  /** In milliseconds; undefined before the first ack. @param unacked how many messages are on their way */
  ms(unacked: number): number | undefined {
    if (this.#smoothMs === undefined) return undefined;
    return Math.round(Math.max(this.#smoothMs, this.silentMs(unacked)));
  }

  /** How long the peer has acknowledged nothing of what is on its way, in milliseconds. */
  silentMs(unacked: number): number {
    return unacked === 0 ? 0 : this.#clock.now() - this.#heardAtMs;
  }
}
