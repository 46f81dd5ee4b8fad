import { LIMITS } from '../base/limits.ts';
import type { LoggedMessages } from './outbox-batch.ts';

/**
 * The log rows of the queued messages, oldest first, so that the log can show their outcomes. The log keeps only its
 * last rows, so only that many ids are kept, however long the queue is.
 */
export class ArrivalLogIds {
  /** Ranges of consecutive messages; those without a row have the log id 0. */
  #ranges: LoggedMessages[] = [];
  /** All ranges before this index are gone. */
  #front = 0;
  #count = 0;
  /** Messages at the head of the queue without a row: from an earlier run, or displaced from the log. */
  #withoutRow = 0;

  /** @param withoutRow how many queued messages have no known row */
  restart(withoutRow: number): void {
    this.#ranges = [];
    this.#front = 0;
    this.#count = 0;
    this.#withoutRow = withoutRow;
  }

  /** Adds messages at the tail. */
  add(messages: LoggedMessages): void {
    this.#ranges.push(messages);
    this.#count += messages.count;
    for (;;) {
      const first = this.#ranges[this.#front];
      if (first === undefined || this.#count - first.count < LIMITS.logRows) return;
      this.#withoutRow += first.count;
      this.#advance();
    }
  }

  /** Removes messages at the head; calls `settle` for those whose rows are known. */
  leave(count: number, settle: (messages: LoggedMessages) => void): void {
    const withoutRow = Math.min(count, this.#withoutRow);
    this.#withoutRow -= withoutRow;
    for (let rest = count - withoutRow; rest > 0; ) {
      const first = this.#ranges[this.#front];
      if (first === undefined) return;
      const part = Math.min(rest, first.count);
      rest -= part;
      if (first.logId !== 0) settle({ logId: first.logId, count: part });
      if (part === first.count) this.#advance();
      else this.#cutFirst(first, part);
    }
  }

  #cutFirst({ logId, count }: LoggedMessages, part: number): void {
    this.#count -= part;
    this.#ranges[this.#front] = { logId: logId === 0 ? 0 : logId + part, count: count - part };
  }

  #advance(): void {
    this.#count -= (this.#ranges[this.#front] as LoggedMessages).count;
    this.#front += 1;
    // Each compaction copies the rest, so it waits until at least as many entries can go.
    if (this.#front * 2 < this.#ranges.length) return;
    this.#ranges = this.#ranges.slice(this.#front);
    this.#front = 0;
  }
}
