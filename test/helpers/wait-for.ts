/** How often a condition is looked at again. */
const RECHECK_MS = 20;

export interface WaitOptions {
  readonly timeoutMs?: number;
  /** Completes the sentence "waited 20000 ms for …". */
  readonly what: string;
}

/**
 * Waits until `condition` gives something truthy, and returns that. A condition that throws counts as not yet
 * fulfilled; what it threw last is the cause of the error.
 * @throws Error after `timeoutMs` (default 20,000: a busy machine may take its time) milliseconds
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, what }: WaitOptions,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await deadline(
        Promise.resolve(condition()),
        Math.max(RECHECK_MS, end - performance.now()),
        what,
      );
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, RECHECK_MS));
  }
}

/**
 * The result of `promise`, if it comes within `timeoutMs` milliseconds.
 * @throws Error that names `what`, when it doesn't
 */
export async function deadline<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${Math.round(timeoutMs)} ms for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
