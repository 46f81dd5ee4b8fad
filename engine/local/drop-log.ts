import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

/** A queue that may have dropped messages. */
export interface Dropping {
  readonly queue: string;
  /** The number of messages dropped so far. */
  count(): number;
  tell(count: number): void;
}

/** Calls `tell` at most once per LIMITS.fullQueueLogMs for each key. */
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

/** Logs what full queues drop: the first message at once, then the count at intervals. */
export class DropLog {
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();
  /** Queues that were logged within the interval. */
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
