import type { Completion } from './outbox-batch.ts';

/** Completions for the parts of one batch, which settle in any order and are reported in the order of the parts. */
export class CompletionInOrder {
  readonly #completion: Completion;
  /** For each part, in order, its report; undefined: it has not settled. */
  #reports: { report: (() => void) | undefined }[] = [];

  constructor(completion: Completion) {
    this.#completion = completion;
  }

  /** For the next part; it settles once, with all its messages. */
  part(): Completion {
    const slot: { report: (() => void) | undefined } = { report: undefined };
    this.#reports.push(slot);
    const settle = (report: () => void): void => {
      slot.report = report;
      for (let first = this.#reports[0]; first?.report !== undefined; first = this.#reports[0]) {
        this.#reports.shift();
        first.report();
      }
    };
    const { patience } = this.#completion;
    return {
      patience,
      kept: (count, cancel) => settle(() => this.#completion.kept(count, cancel)),
      refused: (count, error) => settle(() => this.#completion.refused(count, error)),
    };
  }
}
