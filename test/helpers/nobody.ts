import type { DeliveryObserver } from '../../engine/queues/out-message.ts';

/** Wants to know of no message what becomes of it. */
export const NOBODY: DeliveryObserver = { isCommon: true, onState: () => undefined };
