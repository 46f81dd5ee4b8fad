import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Registry } from '../peers/registry.ts';

/** Waits until the queues of connected peers are empty, for at most LIMITS.drainTimeoutMs. */
export async function drainQueues(registry: Registry, clock: Clock): Promise<void> {
  const connected = [...registry.all].filter(({ state }) => state === 'connected');
  await new Promise<void>((resolve) => {
    const timer = clock.after(LIMITS.drainTimeoutMs, resolve);
    void Promise.all(connected.map(({ sender }) => sender.whenEmpty())).then(() => {
      timer.cancel();
      resolve();
    });
  });
}
