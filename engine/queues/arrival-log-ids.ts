import { LIMITS } from '../base/limits.ts';

/**
 * Which row of the log each message in a queue has, oldest first: so that the log can say what became of it. The log
 * keeps its last rows only, so no more than as many are remembered, however long the queue is.
 */
export class ArrivalLogIds {
  #tickets: number[] = [];
  /** Before this index all are gone. */
  #front = 0;
  /** Messages at the head of the queue that have no row: of an earlier run, or pushed out of the log. */
  #untold = 0;

  /** @param untold how many are in the queue already, of which no row is known */
  restart(untold: number): void {
    this.#tickets = [];
    this.#front = 0;
    this.#untold = untold;
  }

  /** One more has come, behind all others. */
  add(logId: number): void {
    this.#tickets.push(logId);
    if (this.#tickets.length - this.#front <= LIMITS.logRows) return;
    this.#untold += 1;
    this.#advance(1);
  }

  /** So many have left at the head; `settle` is told of those whose rows are known. */
  leave(count: number, settle: (logId: number) => void): void {
    const untold = Math.min(count, this.#untold);
    this.#untold -= untold;
    const end = Math.min(this.#tickets.length, this.#front + count - untold);
    for (let at = this.#front; at < end; at += 1) settle(this.#tickets[at] as number);
    this.#advance(end - this.#front);
  }

  #advance(count: number): void {
    this.#front += count;
    // Each cut costs the length of the rest, so it is made only when at least as many can go.
    if (this.#front * 2 < this.#tickets.length) return;
    this.#tickets = this.#tickets.slice(this.#front);
    this.#front = 0;
  }
}
