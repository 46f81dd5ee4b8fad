/** Runs asynchronous actions one at a time, in the order of the calls, for example to change a file read-modify-write. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `action` after all earlier ones have settled, whether they succeeded or failed.
   *
   * @returns the result of `action`, or its error
   */
  run<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all actions so far have settled. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
