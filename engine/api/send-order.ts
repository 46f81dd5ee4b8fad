import { onAbort } from './abort.ts';

/** Runs actions one after the other, in the order of the calls. */
export class SendOrder {
  #last: Promise<void> | undefined;

  /** Whether an action runs or waits. */
  get isTaken(): boolean {
    return this.#last !== undefined;
  }

  /**
   * Runs `action` when its turn has come. The next turn begins when the promise of `action` has settled. An action that is
   * cancelled while it waits does not move later ones forward.
   *
   * @param cancelled makes the error that is thrown as soon as the signal fires, if that is before the turn
   */
  async take<T>(
    signal: AbortSignal | undefined,
    cancelled: () => Error,
    action: () => Promise<T>,
  ): Promise<T> {
    const before = this.#last;
    let release = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#last = turn;
    try {
      if (before !== undefined) await turnOrAbort(before, signal, cancelled);
      return await action();
    } finally {
      if (this.#last === turn) this.#last = undefined;
      void Promise.resolve(before).then(release);
    }
  }
}

async function turnOrAbort(
  turn: Promise<void>,
  signal: AbortSignal | undefined,
  cancelled: () => Error,
): Promise<void> {
  if (signal === undefined) return turn;
  let forget = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(cancelled()));
  });
  try {
    await Promise.race([turn, aborted]);
  } finally {
    forget();
  }
}
