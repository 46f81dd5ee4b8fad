import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';

/**
 * Holds back programs while much more is queued in memory than a peer takes soon. Other messages of a program wait
 * meanwhile, so a peer that takes nothing for LIMITS.outboxStallMs holds nobody back until it takes something again.
 */
export class SenderPace {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #isAhead: () => boolean;
  #held: (() => void)[] = [];
  #timer: Timer | undefined;
  /** Whether the queue has shrunk since the timer began. */
  #hasMoved = false;
  #isStalled = false;

  /** @param isAhead whether so much is queued that programs should wait */
  constructor(clock: Pick<Clock, 'after'>, isAhead: () => boolean) {
    this.#clock = clock;
    this.#isAhead = isAhead;
  }

  /** Resolves when a program may go on with its next messages; undefined: at once. */
  hold(): Promise<void> | undefined {
    if (this.#isStalled || !this.#isAhead()) return undefined;
    if (this.#timer === undefined) this.#watch();
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /** The queue has shrunk, or the peer has gone. */
  changed(): void {
    this.#hasMoved = true;
    this.#isStalled = false;
    if (this.#held.length > 0 && !this.#isAhead()) this.release();
  }

  /** Lets all go on. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  #watch(): void {
    this.#hasMoved = false;
    this.#timer = this.#clock.after(LIMITS.outboxStallMs, () => {
      if (this.#hasMoved) return this.#watch();
      this.#isStalled = true;
      this.release();
    });
  }
}
