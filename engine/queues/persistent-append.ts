import { type AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

export interface PersistentAppendOptions<T> {
  readonly clock: Clock;
  /** Asks the store once. */
  readonly append: () => Promise<T>;
  /** Whether a store that gives this error may take the same later. */
  readonly isPassing: (error: AiocError) => boolean;
  /** Told each time the store has taken nothing, and why. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Asks a store to take something until it does: the question is the probe of a disk that is full, every
 * LIMITS.storeRetryMs.
 *
 * @throws AiocError that does not pass
 */
export async function persistentAppend<T>(options: PersistentAppendOptions<T>): Promise<T> {
  const { clock, append, isPassing, onTrouble } = options;
  for (;;) {
    try {
      return await append();
    } catch (error) {
      const known = toAiocError(error);
      if (!isPassing(known)) throw known;
      onTrouble(known.message);
      await new Promise<void>((resolve) => clock.after(LIMITS.storeRetryMs, resolve));
    }
  }
}
