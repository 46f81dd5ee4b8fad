import type { Clock } from './ports.ts';

/** @param count how often it has happened since the last warning */
type Tell = (count: number) => void;

/**
 * Rate-limits warnings that a peer or program can cause. The first warning of a kind is written at once. After that,
 * one warning per period says how many there were.
 */
export class LimitedWarnings {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #periodMs: number;
  /** Kinds with a warning in this period, and what has happened since. */
  readonly #resting = new Map<string, { count: number; tell: Tell }>();

  constructor(clock: Pick<Clock, 'after'>, periodMs: number) {
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  /**
   * Counts one warning of a kind.
   *
   * @param kind the key of the rate limit, for example one peer's problem
   * @param tell writes the warning; called at once, or at the end of the period if it is the latest of its kind
   */
  warn(kind: string, tell: Tell): void {
    const held = this.#resting.get(kind);
    if (held === undefined) {
      this.#tell(kind, tell, 1);
      return;
    }
    held.count += 1;
    held.tell = tell;
  }

  #tell(kind: string, tell: Tell, count: number): void {
    this.#resting.set(kind, { count: 0, tell });
    this.#clock.after(this.#periodMs, () => this.#rested(kind));
    tell(count);
  }

  #rested(kind: string): void {
    const held = this.#resting.get(kind);
    this.#resting.delete(kind);
    if (held !== undefined && held.count > 0) this.#tell(kind, held.tell, held.count);
  }
}
