import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { nowMs } from './numbered.ts';

/** Waits until that time, or for the next turn of the event loop where it has passed. */
export async function until(atMs: number): Promise<void> {
  const waitMs = atMs - nowMs();
  await (waitMs > 0 ? delay(waitMs) : turn());
}
