interface ReasonRange {
  from: number;
  /** Inclusive. */
  to: number;
  readonly why: string;
}

/** Why log rows have their outcomes, by ranges of ids: a whole batch is usually dropped for one reason. */
export class ReasonRanges {
  /** Disjoint and in order. */
  readonly #ranges: ReasonRange[] = [];

  /** The number of ranges in memory: at most two for each row that is kept. */
  get size(): number {
    return this.#ranges.length;
  }

  get(id: number): string | undefined {
    const range = this.#ranges[this.#firstEndingAt(id)];
    return range !== undefined && range.from <= id ? range.why : undefined;
  }

  /**
   * Replaces the reason of the rows `from` to `to`.
   *
   * @param why undefined if they have none
   * @param firstKept rows with smaller ids are gone
   */
  set({ from, to }: { from: number; to: number }, why: string | undefined, firstKept: number): void {
    const ranges = this.#ranges;
    const last = ranges[ranges.length - 1];
    if (last === undefined || last.to < from) {
      if (why === undefined) return;
      if (last?.why === why && last.to === from - 1) last.to = to;
      else ranges.push({ from, to, why });
    } else this.#replace(from, to, why);
    this.#forget(firstKept);
  }

  #replace(from: number, to: number, why: string | undefined): void {
    const ranges = this.#ranges;
    const start = this.#firstEndingAt(from);
    let end = start;
    const instead: ReasonRange[] = [];
    const first = ranges[start];
    if (first !== undefined && first.from < from) instead.push({ ...first, to: from - 1 });
    if (why !== undefined) instead.push({ from, to, why });
    for (; end < ranges.length && (ranges[end] as ReasonRange).from <= to; end += 1) {
      const range = ranges[end] as ReasonRange;
      if (range.to > to) instead.push({ ...range, from: to + 1 });
    }
    ranges.splice(start, end - start, ...instead);
  }

  /** Waits until half of the ranges are gone, since each removal moves the others. */
  #forget(firstKept: number): void {
    if ((this.#ranges[0]?.to ?? firstKept) >= firstKept) return;
    const gone = this.#firstEndingAt(firstKept);
    if (gone * 2 >= this.#ranges.length) this.#ranges.splice(0, gone);
  }

  /** The index of the first range that ends at this id or later. */
  #firstEndingAt(id: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as ReasonRange).to < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
