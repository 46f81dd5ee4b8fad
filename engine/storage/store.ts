import { AiocError } from '../base/errors.ts';

/**
 * Where queues keep their messages. Wide enough for a journal on disk and for a distributed log: everything is
 * asynchronous, and positions belong to the store (they rise within a stream, and nothing else may be assumed of
 * them).
 */
export interface StoredRecord {
  readonly position: number;
  readonly payload: Buffer;
  /** When it was appended, in milliseconds since 1970. */
  readonly atMs: number;
  /** Its number, where it came from a source and the store still knows. */
  readonly seq?: number | undefined;
  /** The epoch of the source that it came with, where the store has it; one of a moment ago may be without. */
  readonly epoch?: string | undefined;
}

/** Where a batch came from: the sender's epoch and the number of its first record, for telling a repetition. */
export interface BatchSource {
  readonly epoch: string;
  readonly firstSeq: number;
  /** The record that went before the batch, where those between them will never come. Default: the one before it. */
  readonly after?: number;
}

/** Where a batch begins and what went before it, held against the last record that is known of its epoch. */
export function freshPart(
  batch: readonly Buffer[],
  { firstSeq, after = firstSeq - 1 }: BatchSource,
  last: number,
): { readonly fresh: readonly Buffer[]; readonly firstSeq: number } {
  if (after > last) {
    throw new AiocError(
      'AIOC_STORE_GAP',
      `record ${firstSeq} came, but ${last} was the last one: have it sent again from ${last + 1}`,
    );
  }
  const known = Math.max(0, last + 1 - firstSeq);
  return { fresh: batch.slice(known), firstSeq: firstSeq + known };
}

export interface Appended {
  /** `duplicate`: all of it had been appended before, and nothing was. */
  readonly outcome: 'appended' | 'duplicate';
  /** Of the last record of the batch, or of the stream for a duplicate. */
  readonly position: number;
  /** Of each record that was appended, in order. */
  readonly positions: readonly number[];
}

export interface StreamStat {
  /** Records that have not been acknowledged. */
  readonly count: number;
  readonly bytes: number;
  readonly oldestAtMs: number | undefined;
  /** Of the last record that was ever appended; 0 before the first. */
  readonly lastPosition: number;
}

export interface Store {
  /**
   * The name of what holds a stream: positions of two answers with the same one mean the same. It changes when what was
   * there is gone, as with a program's memory or a journal that was deleted.
   */
  identity(stream: string): string;
  /**
   * Appends a batch as one: all of it is kept, or none. With a source, what the stream has from that epoch already is
   * left out, and a gap is refused. The next append may be asked for before this one is done; those of one stream settle
   * in the order in which they were asked for.
   *
   * @throws AiocError AIOC_STORE_GAP when records of the epoch are missing before this batch
   */
  append(stream: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended>;
  /** Records behind `after` (0: from the first), as many as fit into `maxBytes` but at least one if there is one. */
  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]>;
  /** Everything up to that position is done with and may be forgotten. */
  ack(stream: string, upTo: number): Promise<void>;
  /** The number of the last record of each epoch that has been appended with a source, the oldest epoch first. */
  lastSource(stream: string): Promise<ReadonlyMap<string, number>>;
  /** Nothing will come from that epoch any more, so that its repetitions need not be known. */
  forgetSource(stream: string, epoch: string): Promise<void>;
  stat(stream: string): Promise<StreamStat>;
  /** Names of the streams that hold records. */
  streams(): Promise<readonly string[]>;
  /** Forgets the records of a stream, and says how many there were. What it knows of sources stays. */
  purge(stream: string): Promise<number>;
  close(): Promise<void>;
}
