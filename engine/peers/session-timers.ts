import type { Clock, Timer } from '../base/ports.ts';
import type { SessionTimer } from './session-types.ts';

/** The timers of one session; each runs at most once at a time. */
export class SessionTimers {
  readonly #clock: Clock;
  readonly #due: (timer: SessionTimer) => void;
  readonly #running = new Map<SessionTimer, Timer>();

  constructor(clock: Clock, due: (timer: SessionTimer) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  arm(timer: SessionTimer, delayMs: number): void {
    this.disarm(timer);
    this.#running.set(
      timer,
      this.#clock.after(delayMs, () => this.#due(timer)),
    );
  }

  disarm(timer: SessionTimer): void {
    this.#running.get(timer)?.cancel();
    this.#running.delete(timer);
  }

  stop(): void {
    for (const timer of [...this.#running.keys()]) this.disarm(timer);
  }
}
