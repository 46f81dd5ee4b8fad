/** How long frames take, for `F12` and the bench. */
/** Rows that were composed, and rows that were the same as before. */
export interface FrameCounts {
  readonly composed: number;
  readonly kept: number;
}

/** Times of so many frames are kept: 50 s at 20 frames a second. */
const KEPT = 1_000;

export interface FrameSummary {
  readonly frames: number;
  /** From the change to the bytes, in milliseconds; 0 before the first frame. */
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Since the start. */
export interface ScreenStats extends FrameSummary {
  readonly bytesWritten: number;
  readonly rows: FrameCounts;
}

export class FrameTimes {
  readonly #times: number[] = [];
  #frames = 0;

  add(tookMs: number): void {
    this.#times[this.#frames % KEPT] = tookMs;
    this.#frames += 1;
  }

  /** Of the last 1,000 frames. */
  get summary(): FrameSummary {
    const sorted = this.#times.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { frames: this.#frames, medianMs: at(0.5), p99Ms: at(0.99) };
  }
}
