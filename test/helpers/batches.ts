import { type Batch, type Store, type StoredBatch, sizeOfBatch } from '../../engine/storage/store.ts';

const NO_HEAD = Buffer.alloc(0);

/** A batch of one message. */
export function single(records: Buffer | string): Batch {
  return { count: 1, head: NO_HEAD, records: Buffer.from(records) };
}

export function singles(...all: readonly (Buffer | string)[]): Batch[] {
  return all.map(single);
}

/** A batch of several messages whose bytes say so. */
export function batchOf(count: number, text: string, head = `head of ${text}`): Batch {
  return { count, head: Buffer.from(head), records: Buffer.from(text) };
}

/** What batches count together in StreamStat.bytes. */
export function bytesOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, batch) => sum + sizeOfBatch(batch), 0);
}

/** The records of batches as texts. */
export function textsOf(batches: readonly Batch[]): string[] {
  return batches.map(({ records }) => records.toString());
}

/** All of a stream; an answer may hold less than was asked for. */
export async function readAll(store: Pick<Store, 'read'>, stream: string, after = 0): Promise<StoredBatch[]> {
  const all: StoredBatch[] = [];
  for (let last = after; ; ) {
    const more = await store.read(stream, last, 1_000_000_000);
    const end = more.at(-1);
    if (end === undefined) return all;
    all.push(...more);
    last = end.position + end.count - 1;
  }
}

/** The last numbers of a stream's marks, by `epoch sender`. */
export async function marksOf(store: Pick<Store, 'marks'>, stream: string): Promise<Record<string, number>> {
  const marks = await store.marks(stream);
  return Object.fromEntries(
    marks.map(({ sender, epoch, seq }) => [sender === '' ? epoch : `${epoch} ${sender}`, seq]),
  );
}
