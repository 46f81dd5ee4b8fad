import type { HostClock, HostTimer } from '../host.ts';

const MINUTE_MS = 60_000;
/** A timer may fire a little early: this long after the full minute, the minute has surely begun. */
const MARGIN_MS = 20;

/** Ticks at each full minute, and more often while the screen shows seconds. */
export class Ticker {
  readonly #clock: HostClock;
  readonly #onTick: (nowMs: number) => void;
  #timer: HostTimer | undefined;
  #intervalMs = MINUTE_MS;
  #isRunning = false;

  constructor(clock: HostClock, onTick: (nowMs: number) => void) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  start(): void {
    this.#isRunning = true;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
  }

  /** Undefined: at each full minute. */
  setInterval(intervalMs = MINUTE_MS): void {
    if (this.#intervalMs === intervalMs) return;
    this.#intervalMs = intervalMs;
    if (this.#isRunning) this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    const delayMs = this.#intervalMs - (this.#clock.wallNow() % this.#intervalMs) + MARGIN_MS;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#schedule();
      this.#onTick(this.#clock.wallNow());
    });
  }
}
