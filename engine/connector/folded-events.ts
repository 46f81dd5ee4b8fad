/** Rows of the log among which a warning is found again. */
const ROWS_BACK = 200;
/** Warnings that are remembered; the oldest is forgotten first. */
const REMEMBERED = 256;

interface Repeated {
  readonly id: number;
  /** How often it has come, the first time included. */
  readonly repeats: number;
}

/** Finds the row of a warning that has just been shown, so that it is counted there instead of filling the log. */
export class FoldedEvents {
  readonly #byKey = new Map<string, Repeated>();

  /**
   * A warning has come.
   *
   * @param nextId the id that a new row would have
   * @returns its row and count, if that is among the latest 200; undefined if it needs a new row, which is `nextId`
   */
  take(key: string, nextId: number): Repeated | undefined {
    const known = this.#byKey.get(key);
    this.#byKey.delete(key);
    const isNear = known !== undefined && known.id >= nextId - ROWS_BACK;
    const now = isNear ? { id: known.id, repeats: known.repeats + 1 } : { id: nextId, repeats: 1 };
    this.#byKey.set(key, now);
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= REMEMBERED) break;
      this.#byKey.delete(oldest);
    }
    return isNear ? now : undefined;
  }
}
