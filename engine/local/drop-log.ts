import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

/** A queue that may have dropped something. */
export interface Dropping {
  readonly queue: string;
  /** How many it has dropped by now. */
  count(): number;
  tell(count: number): void;
}

/** Says something at most once in LIMITS.fullQueueLogMs of each key, and only while it is so. */
export class Reminder {
  readonly #clock: Clock;
  readonly #toldAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remind(key: string, tell: () => void): void {
    const nowMs = this.#clock.now();
    if (nowMs - (this.#toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < LIMITS.fullQueueLogMs) return;
    this.#toldAtMs.set(key, nowMs);
    tell();
  }
}

/** Tells of what full queues drop: the first at once, then how many there were, now and then, however many there are. */
export class DropLog {
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();
  /** Queues of which something was told a moment ago. */
  readonly #resting = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(dropping: Dropping): void {
    const { queue } = dropping;
    const count = dropping.count();
    if (this.#resting.has(queue) || count === (this.#told.get(queue) ?? 0)) return;
    this.#told.set(queue, count);
    this.#resting.add(queue);
    dropping.tell(count);
    this.#clock.after(LIMITS.dropLogMs, () => {
      this.#resting.delete(queue);
      this.note(dropping);
    });
  }
}
