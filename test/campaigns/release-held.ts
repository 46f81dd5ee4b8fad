import { parseHeldStream } from '../../engine/storage/held-streams.ts';
import { markName } from '../../engine/storage/mark-name.ts';
import type { Store, StoredBatch } from '../../engine/storage/store.ts';
import { readAll } from '../helpers/batches.ts';

interface HeldBatch {
  readonly name: string;
  readonly batch: StoredBatch;
}

/**
 * Moves the batches that are held back into their stream, in the order of their numbers, as a queue does when their
 * sender does not send the missing ones again.
 *
 * @returns the last number of each epoch with held batches, by the name of its mark
 * @throws AiocError as the store does
 */
export async function releaseHeld(store: Store, stream: string): Promise<ReadonlyMap<string, number>> {
  const marks = new Map((await store.marks(stream)).map((mark) => [markName(mark), mark.seq]));
  const lastSeqs = new Map<string, number>();
  const held: HeldBatch[] = [];
  for (const name of await store.streams()) {
    if (parseHeldStream(name)?.stream !== stream) continue;
    held.push(...(await readAll(store, name)).map((batch) => ({ name, batch })));
  }
  held.sort((a, b) => (a.batch.seq ?? 0) - (b.batch.seq ?? 0));
  for (const { name, batch } of held) {
    const { sender = '', epoch = '' } = parseHeldStream(name) ?? {};
    const of = markName({ sender, epoch });
    const last = marks.get(of) ?? 0;
    const firstSeq = batch.seq ?? 0;
    const source = { sender, epoch, firstSeq, after: Math.min(last, firstSeq - 1) };
    const { mark = 0 } = await store.append(stream, [batch], source);
    marks.set(of, mark);
    lastSeqs.set(of, mark);
    await store.ack(name, batch.position + batch.count - 1);
  }
  return lastSeqs;
}
