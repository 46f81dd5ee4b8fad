import type { Frame } from '../protocol/frame-decoder.ts';
import type { Verdict } from './frame-pump.ts';

interface Waiting {
  readonly frame: Frame;
  verdict: Verdict | undefined;
}

/**
 * What has become of each message, told in the order in which they came: many may be on their way into the store at
 * once, and none is acknowledged before the one in front of it.
 */
export class Verdicts {
  readonly #tell: (frame: Frame, verdict: Verdict) => void;
  #waiting: Waiting[] = [];
  #first = 0;

  constructor(tell: (frame: Frame, verdict: Verdict) => void) {
    this.#tell = tell;
  }

  /** Whether each has been told. */
  get empty(): boolean {
    return this.#first === this.#waiting.length;
  }

  /** @returns what rejects with what the verdict rejects with; undefined when there is nothing to wait for */
  add(frame: Frame, verdict: Verdict | Promise<Verdict>): Promise<void> | undefined {
    if (typeof verdict === 'string' && this.empty) {
      this.#tell(frame, verdict);
      return undefined;
    }
    const waiting: Waiting = { frame, verdict: undefined };
    this.#waiting.push(waiting);
    if (typeof verdict === 'string') {
      waiting.verdict = verdict;
      return undefined;
    }
    return verdict.then((known) => {
      waiting.verdict = known;
      this.#tellKnown();
    });
  }

  #tellKnown(): void {
    for (;;) {
      const { frame, verdict } = this.#waiting[this.#first] ?? NONE;
      if (frame === undefined || verdict === undefined) break;
      this.#first += 1;
      this.#tell(frame, verdict);
    }
    // Cut off now and then, not each time.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}

const NONE: Partial<Waiting> = {};
