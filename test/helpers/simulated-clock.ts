import type { Clock, Timer } from '../../engine/base/ports.ts';

interface Planned {
  readonly action: () => void;
  cancelled: boolean;
}

const STEP_MS = 5;
const IDLE_STEPS_MAX = 20;

/** What falls due at one time, in the order in which it was asked for. */
class Moment {
  readonly at: number;
  readonly planned: Planned[] = [];

  constructor(at: number) {
    this.at = at;
  }
}

/** A clock that moves only when told to, and runs what falls due in order. */
export class SimulatedClock implements Clock {
  #now = 0;
  #momentsPassed = 0;
  /** Sorted, the next one last. */
  readonly #moments: Moment[] = [];
  readonly #startedAt: number;
  readonly #queue: number;

  /** @param turns how many turns of the event loop promise chains are given to run to their ends */
  constructor(startedAt = Date.UTC(2026, 0, 2, 14, 2), turns = 5) {
    this.#startedAt = startedAt;
    this.#queue = turns;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#startedAt + this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    const planned = { action, cancelled: false };
    this.#momentAt(this.#now + Math.max(0, delayMs)).planned.push(planned);
    return {
      cancel: () => {
        planned.cancelled = true;
      },
    };
  }

  #momentAt(at: number): Moment {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#moments[middle] as Moment).at > at) low = middle + 1;
      else high = middle;
    }
    const found = this.#moments[low];
    if (found?.at === at) return found;
    const moment = new Moment(at);
    this.#moments.splice(low, 0, moment);
    return moment;
  }

  /** Lets `ms` pass, with all that happens meanwhile, promises included. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await this.#settle();
      const due = this.#due(until);
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      this.#momentsPassed += 1;
      await inTurns(due.planned);
    }
    this.#now = until;
  }

  /** Lets time pass until the condition holds; fails when it does not within `limitMs` of simulated time. */
  async until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    const deadline = this.#now + limitMs;
    await this.#settle();
    while (!condition()) {
      if (this.#now >= deadline) throw new Error(`not within ${limitMs} simulated ms: ${condition}`);
      const before = this.#momentsPassed;
      // Where nothing fell due nothing has changed, but what a test does besides; a look at a view is not cheap.
      for (let idle = 0; idle < IDLE_STEPS_MAX && this.#now < deadline; idle += 1) {
        await this.pass(STEP_MS);
        if (this.#momentsPassed !== before) break;
      }
    }
  }

  #due(until: number): Moment | undefined {
    for (;;) {
      const next = this.#moments.at(-1);
      if (next === undefined) return undefined;
      const isWanted = next.planned.some(({ cancelled }) => !cancelled);
      if (isWanted && next.at > until) return undefined;
      this.#moments.pop();
      if (isWanted) return next;
    }
  }

  /** Lets promise chains run to their ends. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < this.#queue; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Does one after the other, each in a turn of its own: promises, and what they leave to the end of a turn, have come to
 * their ends before the next. Asked for all at once, turns take a fraction of what they take one by one.
 */
function inTurns(planned: readonly Planned[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const one of planned) {
      setImmediate(() => {
        try {
          if (!one.cancelled) one.action();
        } catch (error) {
          reject(error);
        }
      });
    }
    setImmediate(resolve);
  });
}
