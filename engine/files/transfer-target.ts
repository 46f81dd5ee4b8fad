import type { JsonObject } from '../protocol/header.ts';

/** What an aioc peer offers to send: the content of a message's file. */
export interface TransferOffer {
  /** The same for the same message, also after a restart of either side. */
  readonly id: string;
  readonly kind: 'file' | 'tree';
  /** Undefined for a tree. */
  readonly sizeBytes: number | undefined;
  readonly mode: number;
  readonly mtimeMs: number;
  /** Of the message. */
  readonly header: JsonObject;
  readonly peerName: string;
}

/** What is not in the place of a tree, with the reasons: all of it counted, the first ones named. */
export interface NotPlaced {
  readonly count: number;
  readonly first: readonly (readonly [path: string, why: string])[];
}

export interface PlacedTransfer {
  readonly name: string;
  readonly path: string;
  /** Of a tree. */
  readonly leftOut?: NotPlaced;
}

/**
 * Where the stream of a transfer is written: hidden until it is complete, then placed as a whole. One call at a time.
 * Messages of its errors name no path of this machine, so the sender may read them. After an error only `discard`.
 */
export interface TransferTarget {
  /** An earlier run has placed it, and its message was not settled: there is nothing to receive. */
  readonly isPlaced: boolean;
  /** What is there of the stream, from its start, re-read from the disk. Before `truncate` and the first write. */
  existing(): AsyncIterable<Buffer>;
  /** Continues at this byte of the stream. What was there behind it is removed. */
  truncate(atBytes: number): Promise<void>;
  /**
   * The bytes are the caller's again when it resolves.
   * @throws AiocError AIOC_FILE_WRITE, AIOC_FILE_NAME_BAD, AIOC_FILE_QUOTA, AIOC_FRAME_BAD
   */
  write(bytes: Buffer): Promise<void>;
  /** As `write` of so many zero bytes, which take no space on the disk where it can have holes. */
  skip(zeroBytes: number): Promise<void>;
  /** The stream is complete and verified: on the disk when this resolves. @throws as `write` */
  finish(): Promise<void>;
  /** Gives it its name. Again, also after a kill at any moment and a restart, it gives the same answer. @throws as `write` */
  place(): Promise<PlacedTransfer>;
  /** Its message is stored or dropped: where it was placed need not be known any more. */
  settled(): Promise<void>;
  /** Deletes what was received. Does nothing once it is placed. Never fails. */
  discard(): Promise<void>;
  /** Closes it, and keeps what was received for another connection. */
  suspend(): Promise<void>;
}

/** Opens the target of an offer, new or continued. @throws AiocError with a reason for the sender */
export type OpenTarget = (offer: TransferOffer) => Promise<TransferTarget>;
