import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Randomness } from './ports.ts';

/**
 * The clock of this machine. `fixedWallMs` fixes the displayed time, not the intervals, so that screens are
 * reproducible.
 */
export function realClock(fixedWallMs?: number): Clock {
  return {
    now: () => performance.now(),
    wallNow: () => fixedWallMs ?? Date.now(),
    after: (delayMs, action) => {
      const timer = setTimeout(action, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

export function realRandomness(): Randomness {
  return {
    bytes: (count) => randomBytes(count),
    fraction: () => randomBytes(4).readUInt32LE(0) / 2 ** 32,
  };
}
