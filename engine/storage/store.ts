import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/**
 * Where queues keep their messages. The interface suits a journal on disk as well as a distributed log with several
 * writers: all calls are asynchronous, and positions belong to the store. The unit is the batch, whose bytes the store
 * does not look into. Each message of a batch has its own position: the first the batch's, and each other one more than
 * the one before it. Positions rise within a stream; callers may assume nothing else.
 */
export interface Batch {
  /** How many messages it has; at least one. */
  readonly count: number;
  /**
   * What the queue knows about all its messages, at most LIMITS.storeHeadBytes. Empty only for a single message that a
   * version without batches has stored.
   */
  readonly head: Buffer;
  /** The messages. Neither these bytes nor those of `head` may change until the append has settled. */
  readonly records: Buffer;
}

/**
 * How many messages batches have together.
 *
 * @throws RangeError if one of them has none
 */
export function messagesIn(batches: readonly Batch[]): number {
  let sum = 0;
  for (const { count } of batches) {
    if (!(count >= 1)) throw new RangeError(`a batch of ${count} messages`);
    sum += count;
  }
  return sum;
}

/** What batches count in StreamStat.bytes: their own bytes, and what a store keeps beside them. */
export function sizeOfBatch({ head, records }: Pick<Batch, 'head' | 'records'>): number {
  return sizeOfParts(head.length, records.length);
}

export function sizeOfParts(headBytes: number, recordsBytes: number): number {
  return LIMITS.storedBatchBytes + headBytes + recordsBytes;
}

export interface StoredBatch extends Batch {
  /** The position of its first message. */
  readonly position: number;
  /** The time of the append, in milliseconds since 1970. */
  readonly atMs: number;
  /** The sequence number of its first message, if it came with a source and the store still knows it. */
  readonly seq?: number | undefined;
  /** The sender and epoch of its source, if it came with one and the store still knows it. */
  readonly sender?: string | undefined;
  readonly epoch?: string | undefined;
}

/** The position of the last message of a batch. */
export function lastPositionOf({ position, count }: Pick<StoredBatch, 'position' | 'count'>): number {
  return position + count - 1;
}

/**
 * The origin of the batches of one append: who sent them, the sender's epoch, and the sequence number of the first
 * message. It serves to detect duplicates.
 */
export interface BatchSource {
  /** Empty for one without a name. */
  readonly sender: string;
  /** Without spaces. */
  readonly epoch: string;
  readonly firstSeq: number;
  /**
   * The number of the message before the first, if the numbers between them are never sent. Default: one less than
   * `firstSeq`.
   */
  readonly after?: number;
}

/** What a store knows about one sender's epoch in a stream. It outlives acks and purges. */
export interface SourceMark {
  readonly sender: string;
  readonly epoch: string;
  /** The sequence number of its last stored message. */
  readonly seq: number;
}

/**
 * Compares the messages of an append with the mark of its source.
 *
 * @param count of messages in the append
 * @param last the source's mark; 0 if there is none
 * @throws AiocError AIOC_STORE_GAP
 */
export function compareWithMark(
  { firstSeq, after = firstSeq - 1 }: BatchSource,
  count: number,
  last: number,
): Appended['outcome'] {
  if (after > last) {
    throw new AiocError(
      'AIOC_STORE_GAP',
      `message ${firstSeq} arrived after message ${last}: the sender must send again from ${last + 1}`,
    );
  }
  if (count === 0 || firstSeq > last) return 'appended';
  return firstSeq + count - 1 <= last ? 'duplicate' : 'overlap';
}

export interface Appended {
  /**
   * `duplicate`: the stream already had all messages. `overlap`: it already had some of them. Nothing was appended in
   * either case; after an overlap, the caller removes the messages up to `mark` and appends the others.
   */
  readonly outcome: 'appended' | 'duplicate' | 'overlap';
  /** Position of the last message of the append; otherwise of the last one in the stream. */
  readonly position: number;
  /** Position of the first message of each appended batch, in order; empty if nothing was appended. */
  readonly positions: readonly number[];
  /**
   * Position of the stream's last message before the append, 0 if there is none or the store no longer knows it. If it
   * is greater than the position of a writer's own last append, another one has written in between, or an append of its
   * own that seemed to fail took place.
   */
  readonly previous: number;
  /** The last sequence number of the source after the append; undefined without a source. */
  readonly mark: number | undefined;
}

export interface StreamStat {
  /** Number of unacknowledged messages. */
  readonly count: number;
  /** The sizes of all batches with unacknowledged messages: see `sizeOfBatch`. */
  readonly bytes: number;
  readonly oldestAtMs: number | undefined;
  /** Position of the last message ever appended; 0 before the first. */
  readonly lastPosition: number;
  /** Position up to which all messages are acknowledged; 0 before the first ack. */
  readonly acked: number;
}

export interface Store {
  /**
   * Identifies the storage of a stream. Positions are comparable only under the same identity. It changes when the data
   * is gone, for example after a restart of a store in memory, or when a journal was deleted.
   */
  identity(stream: string): string;
  /**
   * Appends batches atomically, together with the mark of their source. With a source, known messages are detected, and
   * a gap is an error. A caller may append again before an append has settled; appends to one stream settle in the order
   * of the calls.
   *
   * After AIOC_STORE_AWAY it is unknown whether the append took place: the caller repeats it, which is safe with a
   * source.
   *
   * @throws AiocError AIOC_STORE_GAP if messages of the epoch are missing before these, AIOC_STORE_AWAY
   */
  append(stream: string, batches: readonly Batch[], source?: BatchSource): Promise<Appended>;
  /**
   * Returns the batches with messages after the position `after` (0: from the start): as many as fit into `maxBytes`, but
   * at least one if any. The first one may also have messages up to `after`.
   */
  read(stream: string, after: number, maxBytes: number): Promise<readonly StoredBatch[]>;
  /** Acknowledges all messages up to a position; the store may delete batches without others. */
  ack(stream: string, upTo: number): Promise<void>;
  /**
   * The marks of a stream, oldest epoch first.
   *
   * @param sender only its marks
   */
  marks(stream: string, sender?: string): Promise<readonly SourceMark[]>;
  /** Forgets an epoch that sends nothing any more, so that its duplicates need not be detected. */
  forgetMark(stream: string, mark: Pick<SourceMark, 'sender' | 'epoch'>): Promise<void>;
  stat(stream: string): Promise<StreamStat>;
  /** Names of the streams that have unacknowledged messages. */
  streams(): Promise<readonly string[]>;
  /** Deletes the messages of a stream, and returns the number of those that were not acknowledged. The marks remain. */
  purge(stream: string): Promise<number>;
  close(): Promise<void>;
}
