import type { Randomness } from '../base/ports.ts';
import { type MessageNumber, newEpoch } from '../protocol/message-number.ts';

/** The numbers of one life of an outbox. None is assigned twice, whatever the store has lost. */
export class OutboxNumbers {
  readonly epoch: string;
  #lastSeq = 0;
  readonly #epochOfUnnumbered: string;
  #lastUnnumbered = 0;

  constructor(random: Pick<Randomness, 'bytes'>) {
    this.epoch = newEpoch(random);
    this.#epochOfUnnumbered = newEpoch(random);
  }

  /**
   * For messages that are stored now.
   *
   * @returns the number of the first
   */
  next(count: number): MessageNumber {
    const seq = this.#lastSeq + 1;
    this.#lastSeq += count;
    return { epoch: this.epoch, seq };
  }

  /** For a stored message without a number: it counts as new after each restart. */
  nextUnnumbered(): MessageNumber {
    this.#lastUnnumbered += 1;
    return { epoch: this.#epochOfUnnumbered, seq: this.#lastUnnumbered };
  }
}
