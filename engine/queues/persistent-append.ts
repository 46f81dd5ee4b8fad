import { type AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

export interface PersistentAppendOptions<T> {
  readonly clock: Clock;
  /** Tries once to append. */
  readonly append: () => Promise<T>;
  /** Whether the same append may succeed later despite this error. */
  readonly isPassing: (error: AiocError) => boolean;
  /** Called with the error of every failed attempt. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Retries an append until it succeeds, every LIMITS.storeRetryMs; each attempt also probes a full disk.
 *
 * @throws AiocError that is not temporary
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
