import { markName } from '../storage/mark-name.ts';
import type { Batch, StoredBatch } from '../storage/store.ts';

/** A message in the store, as a batch of its own without a head. */
export interface StoredRecord {
  readonly position: number;
  readonly payload: Buffer;
  readonly atMs: number;
  readonly seq: number | undefined;
  /** The name of its mark. */
  readonly epoch: string | undefined;
}

export function batchesOf(payloads: readonly Buffer[]): Batch[] {
  return payloads.map((records) => ({ count: 1, head: NO_HEAD, records }));
}

export function storedRecords(batches: readonly StoredBatch[]): StoredRecord[] {
  return batches.map(({ position, records, atMs, seq, sender, epoch }) => ({
    position,
    payload: records,
    atMs,
    seq,
    epoch: epoch === undefined ? undefined : markName({ epoch, sender: sender ?? '' }),
  }));
}

const NO_HEAD = Buffer.alloc(0);
