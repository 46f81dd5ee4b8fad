import { AiocError } from '../base/errors.ts';

/**
 * Where queues keep their messages. The interface suits a journal on disk as well as a distributed log: all calls are
 * asynchronous, and positions belong to the store. Positions rise within a stream; callers may assume nothing else.
 */
export interface StoredRecord {
  readonly position: number;
  readonly payload: Buffer;
  /** The time of the append, in milliseconds since 1970. */
  readonly atMs: number;
  /** Its sequence number, if it came with a source and the store still knows it. */
  readonly seq?: number | undefined;
  /** The epoch of its source, if the store has it. A record that was just appended may have none. */
  readonly epoch?: string | undefined;
}

/**
 * The origin of a batch: the sender's epoch and the sequence number of the first record. It serves to detect
 * duplicates.
 */
export interface BatchSource {
  readonly epoch: string;
  readonly firstSeq: number;
  /**
   * The number of the record before the batch, if the numbers between them are never sent. Default: one less than
   * `seq`.
   */
  readonly after?: number;
}

/** Returns the index of the first new record of a batch, given the last known number of its epoch. */
export function freshPart(
  batch: readonly Buffer[],
  { firstSeq, after = firstSeq - 1 }: BatchSource,
  last: number,
): { readonly fresh: readonly Buffer[]; readonly firstSeq: number } {
  if (after > last) {
    throw new AiocError(
      'AIOC_STORE_GAP',
      `record ${firstSeq} arrived after record ${last}: the sender must send again from ${last + 1}`,
    );
  }
  const known = Math.max(0, last + 1 - firstSeq);
  return { fresh: batch.slice(known), firstSeq: firstSeq + known };
}

export interface Appended {
  /** `duplicate`: the stream already had the whole batch, and nothing was appended. */
  readonly outcome: 'appended' | 'duplicate';
  /** Position of the last record of the batch, or of the stream for a duplicate. */
  readonly position: number;
  /** Position of each appended record, in order. */
  readonly positions: readonly number[];
}

export interface StreamStat {
  /** Number of unacknowledged records. */
  readonly count: number;
  readonly bytes: number;
  readonly oldestAtMs: number | undefined;
  /** Position of the last record ever appended; 0 before the first. */
  readonly lastPosition: number;
}

export interface Store {
  /**
   * Identifies the storage of a stream. Positions are comparable only under the same identity. It changes when the data
   * is gone, for example after a restart of a store in memory, or when a journal was deleted.
   */
  identity(stream: string): string;
  /**
   * Appends a batch atomically. With a source, records that the stream already has are skipped, and a gap is an error.
   * A caller may append again before an append has settled; appends to one stream settle in the order of the calls.
   *
   * @throws AiocError AIOC_STORE_GAP if records of the epoch are missing before this batch
   */
  append(stream: string, batch: readonly Buffer[], source?: BatchSource): Promise<Appended>;
  /**
   * Returns records after the position `after` (0: from the start): as many as fit into `maxBytes`, but at least one if
   * any.
   */
  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredRecord[]>;
  /** Acknowledges all records up to a position; the store may delete them. */
  ack(stream: string, upTo: number): Promise<void>;
  /** The last sequence number of each epoch that was appended with a source, oldest epoch first. */
  lastSource(stream: string): Promise<ReadonlyMap<string, number>>;
  /** Forgets an epoch that sends nothing any more, so that its duplicates need not be detected. */
  forgetSource(stream: string, epoch: string): Promise<void>;
  stat(stream: string): Promise<StreamStat>;
  /** Names of the streams that have records. */
  streams(): Promise<readonly string[]>;
  /**
   * Deletes the records of a stream, and returns their number. The epochs and sequence numbers of its sources remain.
   */
  purge(stream: string): Promise<number>;
  close(): Promise<void>;
}
