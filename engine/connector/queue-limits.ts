import type { Registry } from '../peers/registry.ts';

/**
 * What programs have sent and waits for room enters over the limit, since they believe it to be there. Resolves when all
 * of it is in the store, or the store takes nothing.
 */
export async function liftQueueLimits(registry: Registry): Promise<void> {
  await Promise.all([...registry.all].map(({ sender }) => sender.admitAll()));
}

/** Limits hold again. */
export function restoreQueueLimits(registry: Registry): void {
  for (const { sender } of registry.all) sender.reopen();
}
