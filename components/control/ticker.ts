import type { HostClock, HostTimer } from '../host.ts';

const MINUTE_MS = 60_000;
const QUICK_MS = 10_000;
/** A timer may fire a little early: this long after the full minute, the minute has surely begun. */
const MARGIN_MS = 20;

/** Ticks at each full minute, and every ten seconds while a countdown is visible. */
export class Ticker {
  readonly #clock: HostClock;
  readonly #onTick: (nowMs: number) => void;
  #timer: HostTimer | undefined;
  #isQuick = false;
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

  setQuick(isQuick: boolean): void {
    if (this.#isQuick === isQuick) return;
    this.#isQuick = isQuick;
    if (this.#isRunning) this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    const interval = this.#isQuick ? QUICK_MS : MINUTE_MS;
    const delayMs = interval - (this.#clock.wallNow() % interval) + MARGIN_MS;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#schedule();
      this.#onTick(this.#clock.wallNow());
    });
  }
}
