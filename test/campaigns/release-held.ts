import { HeldMessages } from '../../engine/queues/held-messages.ts';
import type { Store } from '../../engine/storage/store.ts';

/**
 * Moves the batches that are held back into their stream, as the queue does when their sender does not send the missing
 * ones again.
 *
 * @returns the last number of each epoch with held batches, by the name of its mark
 * @throws AiocError as the store does
 */
export async function releaseHeld(store: Store, stream: string): Promise<ReadonlyMap<string, number>> {
  const lastSeqs = new Map<string, number>();
  const messages = new HeldMessages({ store, stream });
  await messages.restore();
  for (const mark of messages.epochs) {
    const { lastSeq } = await messages.release(mark, Number.MAX_SAFE_INTEGER);
    if (lastSeq !== undefined) lastSeqs.set(mark, lastSeq);
  }
  return lastSeqs;
}
