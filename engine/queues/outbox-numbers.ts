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

  /** For a message that is stored now. */
  next(): MessageNumber {
    this.#lastSeq += 1;
    return { epoch: this.epoch, seq: this.#lastSeq };
  }

  /** For a stored message without a number: it counts as new after each restart. */
  nextUnnumbered(): MessageNumber {
    this.#lastUnnumbered += 1;
    return { epoch: this.#epochOfUnnumbered, seq: this.#lastUnnumbered };
  }
}
