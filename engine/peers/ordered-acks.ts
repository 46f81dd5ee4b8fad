import type { Frame } from '../protocol/frame-decoder.ts';
import type { Disposition } from './file-sink.ts';

interface WaitingAck {
  readonly frame: Frame;
  disposition: Disposition | undefined;
}

/**
 * Acknowledges messages in the order in which they arrived: many may be on their way into the store at once, and none
 * is acknowledged before the one in front of it.
 */
export class OrderedAcks {
  readonly #report: (frame: Frame, disposition: Disposition) => void;
  #waiting: WaitingAck[] = [];
  #first = 0;

  constructor(report: (frame: Frame, disposition: Disposition) => void) {
    this.#report = report;
  }

  /** Whether every message is acknowledged. */
  get empty(): boolean {
    return this.#first === this.#waiting.length;
  }

  /** @returns a promise that rejects as `disposition` does; undefined if there is nothing to wait for */
  add(frame: Frame, disposition: Disposition | Promise<Disposition>): Promise<void> | undefined {
    if (!(disposition instanceof Promise) && this.empty) {
      this.#report(frame, disposition);
      return undefined;
    }
    const waiting: WaitingAck = { frame, disposition: undefined };
    this.#waiting.push(waiting);
    if (!(disposition instanceof Promise)) {
      waiting.disposition = disposition;
      return undefined;
    }
    return disposition.then((known) => {
      waiting.disposition = known;
      this.#reportSettled();
    });
  }

  #reportSettled(): void {
    for (;;) {
      const { frame, disposition } = this.#waiting[this.#first] ?? NONE;
      if (frame === undefined || disposition === undefined) break;
      this.#first += 1;
      this.#report(frame, disposition);
    }
    // Compacted occasionally, not each time.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}

const NONE: Partial<WaitingAck> = {};
