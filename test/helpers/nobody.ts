import type { Watcher } from '../../engine/queues/out-message.ts';

/** Wants to know of no message what becomes of it. */
export const NOBODY: Watcher = { isCommon: true, moved: () => undefined };
