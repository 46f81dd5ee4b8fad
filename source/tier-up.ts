import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs before V8 considers to optimize it; the default of V8 11 is 67,584. */
const INTERRUPT_BUDGET = 15_000;

/**
 * Lets Node 20 optimize the code of a daemon or a screen within seconds instead of minutes. A daemon works by batches, so its functions
 * run a few hundred times a second even at its highest rate, and V8 11 leaves them to its interpreter for long: with its
 * default, a connector needs half as much CPU again for a message in its first minute. A screen draws some frames
 * a second, too: without this, its slowest ones take 20 ms instead of 10. Newer versions of V8 have a compiler in between,
 * and no longer this flag.
 */
export function tierUpSooner(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
}

/** A screen that starts runs much code once; compiling it would make its first frame 100 ms later. */
const STARTED_MS = 2_000;

/** For a screen: the same, once it has started. */
export function tierUpAfterStart(): void {
  setTimeout(tierUpSooner, STARTED_MS).unref();
}
