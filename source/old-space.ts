import { setFlagsFromString } from 'node:v8';

/** By how much of what lives the room may grow before it is looked through for what does not live any more. */
const GROWTH_PERCENT = 50;

/**
 * Keeps a busy daemon's memory near what it needs. A message lives just long enough to be moved among the old objects, on
 * its way to the disk or in the log, and left to itself V8 lets several times what lives lie there before it looks.
 */
export function boundOldSpace(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
