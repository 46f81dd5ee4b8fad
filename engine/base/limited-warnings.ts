import type { Clock } from './ports.ts';

/** @param count how many times it has happened since it was last told */
type Tell = (count: number) => void;

/**
 * Warnings that somebody else can set off as often as it likes: of each kind one at once, and then one in each period at
 * most, which says how many there were.
 */
export class LimitedWarnings {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #periodMs: number;
  /** Of which something was told within the period, and what has happened since. */
  readonly #resting = new Map<string, { count: number; tell: Tell }>();

  constructor(clock: Pick<Clock, 'after'>, periodMs: number) {
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  /**
   * Counts one of a kind.
   *
   * @param kind what is told once a period, as one peer's doing
   * @param tell writes the warning; called at once, or at the end of the period if it is the last of its kind by then
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
