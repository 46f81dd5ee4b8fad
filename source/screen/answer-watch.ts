import type { Clock, Timer } from '../../engine/base/ports.ts';

/** A stopped or stuck connector is noticed within these two together. */
const ASK_EVERY_MS = 2_000;
const ANSWER_WITHIN_MS = 3_000;
/** A timer this late means that this process was stopped, too: the answer may have come, and is not read yet. */
const LATE_MS = 1_000;

export interface AnswerWatchOptions {
  readonly clock: Clock;
  /** Asks the connector for any answer. It is not asked again before it has answered or failed. */
  readonly ask: () => Promise<void>;
  /** It has not answered in time. */
  readonly onSilent: () => void;
  /** It answers again. */
  readonly onAnswer: () => void;
}

/** Asks an attached connector every two seconds whether it answers: a stopped process keeps its connections open. */
export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  #timer: Timer | undefined;
  #isSilent = false;
  #isStopped = false;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
    this.#askLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #askLater(): void {
    this.#timer = this.#options.clock.after(ASK_EVERY_MS, () => this.#askNow());
  }

  #askNow(): void {
    this.#await();
    // A failure means that the connection is over, which its owner notices.
    this.#options.ask().then(
      () => this.#answered(),
      () => this.stop(),
    );
  }

  #await(): void {
    const { clock, onSilent } = this.#options;
    const dueAt = clock.now() + ANSWER_WITHIN_MS;
    this.#timer = clock.after(ANSWER_WITHIN_MS, () => {
      if (clock.now() > dueAt + LATE_MS) return this.#await();
      this.#isSilent = true;
      onSilent();
    });
  }

  #answered(): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    if (this.#isSilent) this.#options.onAnswer();
    this.#isSilent = false;
    this.#askLater();
  }
}
