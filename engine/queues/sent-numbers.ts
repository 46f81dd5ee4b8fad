import type { MessageNumber, NumberOnWire } from '../protocol/message-number.ts';

/** The numbers that one connection has seen of an outbox, so that each says which one it follows. */
export class SentNumbers {
  /** The last number sent on the current connection. */
  #last: MessageNumber | undefined;
  /** The one before those of the latest `next`. */
  #before: MessageNumber | undefined;

  /**
   * Messages with consecutive numbers are sent.
   *
   * @param number of the first of them
   */
  next(number: MessageNumber, count: number): NumberOnWire {
    const before = this.#last;
    this.#before = before;
    this.#last = { epoch: number.epoch, seq: number.seq + count - 1 };
    if (before === undefined || before.epoch !== number.epoch || before.seq === number.seq - 1) return number;
    return { ...number, after: before.seq };
  }

  /** The peer has not seen this number, so the next message follows the one before it. */
  unsent(seq: number): void {
    if (this.#last?.seq === seq) this.#last = this.#before;
  }

  /** The connection is lost. */
  reset(): void {
    this.#last = undefined;
  }
}
