import { setFlagsFromString } from 'node:v8';

/** How much the old space may grow, relative to its live objects, before V8 collects garbage there. */
const GROWTH_PERCENT = 50;

/**
 * Keeps a busy daemon's memory near what it needs. Messages live long enough to be promoted to the old space, on their
 * way to the disk or in the log. By default V8 lets garbage grow there to several times the live objects.
 */
export function boundOldSpace(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
