import type { Completion } from './outbox-batch.ts';

interface CompletionPart {
  /** How many of its messages are not settled. */
  left: number;
  /** Its reports, while earlier ones are not made. */
  readonly held: (() => void)[];
}

/** Completions for the parts of one batch, which settle in any order and are reported in the order of the parts. */
export class CompletionInOrder<Kept> {
  readonly #completion: Completion<Kept>;
  /** Those that are not settled, in order. */
  readonly #parts: CompletionPart[] = [];
  #isReporting = false;

  constructor(completion: Completion<Kept>) {
    this.#completion = completion;
  }

  /** For the next part, of so many messages. */
  part(count: number): Completion<Kept> {
    const part: CompletionPart = { left: count, held: [] };
    this.#parts.push(part);
    const { patience } = this.#completion;
    return {
      patience,
      kept: (kept, how) => this.#settle(part, kept, () => this.#completion.kept(kept, how)),
      refused: (refused, error) =>
        this.#settle(part, refused, () => this.#completion.refused(refused, error)),
    };
  }

  #settle(part: CompletionPart, count: number, report: () => void): void {
    part.left -= count;
    part.held.push(report);
    // A report may settle more.
    if (this.#isReporting) return;
    this.#isReporting = true;
    for (let first = this.#parts[0]; first !== undefined; first = this.#parts[0]) {
      for (let next = first.held.shift(); next !== undefined; next = first.held.shift()) next();
      if (first.left > 0) break;
      this.#parts.shift();
    }
    this.#isReporting = false;
  }
}
