import type { DeliveryObserver } from '../../engine/queues/outbox-batch.ts';

/** Wants to know of no message what becomes of it. */
export const NOBODY: DeliveryObserver = { isCommon: true, onState: () => undefined };
