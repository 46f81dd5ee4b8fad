import type { Registry } from '../peers/registry.ts';

/**
 * Queues waiting messages of programs above the limit, since those programs consider them sent. Resolves when all are
 * stored, or the store fails.
 */
export async function liftQueueLimits(registry: Registry): Promise<void> {
  await Promise.all([...registry.all].map(({ sender }) => sender.admitAll()));
}

/** Applies the limits again. */
export function restoreQueueLimits(registry: Registry): void {
  for (const { sender } of registry.all) sender.reopen();
}
