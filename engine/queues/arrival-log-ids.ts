import { LIMITS } from '../base/limits.ts';

/**
 * Which row of the log each message in a queue has, oldest first: so that the log can say what became of it. The log
 * keeps its last rows only, so no more than as many are remembered, however long the queue is.
 */
export class ArrivalLogIds {
  #logIds: number[] = [];
  /** Before this index all are gone. */
  #front = 0;
  /** Messages at the head of the queue that have no row: of an earlier run, or pushed out of the log. */
  #withoutRow = 0;

  /** @param untold how many are in the queue already, of which no row is known */
  restart(withoutRow: number): void {
    this.#logIds = [];
    this.#front = 0;
    this.#withoutRow = withoutRow;
  }

  /** One more has come, behind all others. */
  add(logId: number): void {
    this.#logIds.push(logId);
    if (this.#logIds.length - this.#front <= LIMITS.logRows) return;
    this.#withoutRow += 1;
    this.#advance(1);
  }

  /** So many have left at the head; `settle` is told of those whose rows are known. */
  leave(count: number, settle: (logId: number) => void): void {
    const withoutRow = Math.min(count, this.#withoutRow);
    this.#withoutRow -= withoutRow;
    const end = Math.min(this.#logIds.length, this.#front + count - withoutRow);
    for (let at = this.#front; at < end; at += 1) settle(this.#logIds[at] as number);
    this.#advance(end - this.#front);
  }

  #advance(count: number): void {
    this.#front += count;
    // Each cut costs the length of the rest, so it is made only when at least as many can go.
    if (this.#front * 2 < this.#logIds.length) return;
    this.#logIds = this.#logIds.slice(this.#front);
    this.#front = 0;
  }
}
