/** One at a time, in the order of asking: for files that are read, changed and written back. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `action` when all before it are done, whether they failed or not; gives its result or its error. */
  run<T>(action: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(action);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
