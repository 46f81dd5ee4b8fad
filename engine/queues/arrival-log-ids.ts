import { LIMITS } from '../base/limits.ts';

/**
 * The log row of each queued message, oldest first, so that the log can show its outcome. The log keeps only its last
 * rows, so only that many ids are kept, however long the queue is.
 */
export class ArrivalLogIds {
  #logIds: number[] = [];
  /** All ids before this index are gone. */
  #front = 0;
  /** Messages at the head of the queue without a row: from an earlier run, or displaced from the log. */
  #withoutRow = 0;

  /** @param withoutRow how many queued messages have no known row */
  restart(withoutRow: number): void {
    this.#logIds = [];
    this.#front = 0;
    this.#withoutRow = withoutRow;
  }

  /** Adds a message at the tail. */
  add(logId: number): void {
    this.#logIds.push(logId);
    if (this.#logIds.length - this.#front <= LIMITS.logRows) return;
    this.#withoutRow += 1;
    this.#advance(1);
  }

  /** Removes messages at the head; calls `settle` for those whose rows are known. */
  leave(count: number, settle: (logId: number) => void): void {
    const withoutRow = Math.min(count, this.#withoutRow);
    this.#withoutRow -= withoutRow;
    const end = Math.min(this.#logIds.length, this.#front + count - withoutRow);
    for (let at = this.#front; at < end; at += 1) settle(this.#logIds[at] as number);
    this.#advance(end - this.#front);
  }

  #advance(count: number): void {
    this.#front += count;
    // Each compaction copies the rest, so it waits until at least as many entries can go.
    if (this.#front * 2 < this.#logIds.length) return;
    this.#logIds = this.#logIds.slice(this.#front);
    this.#front = 0;
  }
}
