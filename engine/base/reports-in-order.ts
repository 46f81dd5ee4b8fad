/** Reports on the parts of a whole: they come in any order, and are made in the order of the parts. */
export class ReportsInOrder {
  /** Those that are not over. */
  readonly #parts: PartReports[] = [];

  /** For the next part. */
  next(): PartReports {
    const part = new PartReports(this);
    this.#parts.push(part);
    return part;
  }

  isNext(part: PartReports): boolean {
    return this.#parts[0] === part;
  }

  /** A part may be over. */
  advance(): void {
    while (this.#parts[0]?.isOver) {
      this.#parts.shift();
      this.#parts[0]?.makeHeld();
    }
  }
}

/** The reports on one part. */
export class PartReports {
  readonly #all: ReportsInOrder;
  readonly #held: (() => void)[] = [];
  isOver = false;

  constructor(all: ReportsInOrder) {
    this.#all = all;
  }

  /** Makes a report as soon as the parts before are over. */
  make(report: () => void): void {
    if (this.#all.isNext(this) && this.#held.length === 0) report();
    else this.#held.push(report);
  }

  /** No report on this part follows. */
  over(): void {
    this.isOver = true;
    this.#all.advance();
  }

  makeHeld(): void {
    for (let report = this.#held[0]; report !== undefined; report = this.#held[0]) {
      report();
      this.#held.shift();
    }
  }
}
