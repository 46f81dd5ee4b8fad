import type { LeftOut, TransferProgress } from '../contract/transfer-progress.ts';

export type { LeftOut };

/** The content of a message's file, as a stream of bytes that can be read again from any byte. Close it in any case. */
export interface TransferSource {
  /** A file's stream is its bytes; a tree's is that of engine/files/tree-stream.ts. */
  readonly kind: 'file' | 'tree';
  /** The name that it gets at the peer. */
  readonly name: string;
  /** Undefined for a tree: known at its end. */
  readonly sizeBytes: number | undefined;
  /** Permission bits, without those that a receiver would not set (SENT_MODE). */
  readonly mode: number;
  readonly mtimeMs: number;
  /** Of a tree that has been read to its end. */
  readonly leftOut: LeftOut;
  /**
   * The bytes from `from` on, in chunks that end where a piece of LIMITS.transferPieceBytes does, or earlier. The chunks are
   * the caller's (engine/base/piece-buffers.ts).
   *
   * @throws AiocError AIOC_FILE_CHANGED, AIOC_FILE_UNREADABLE; the former also after the last byte
   */
  read(from: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** The archive of a directory. */
export interface PackedBody {
  /** That the message gives it. */
  readonly name: string;
  /** Of the message, instead of its own. */
  readonly data?: Buffer;
  /** What of the directory it does not have. */
  readonly leftOut: LeftOut;
}

/** A file whose bytes are read on demand. Close it in any case. */
export interface OpenBody {
  readonly sizeBytes: number;
  /** It was made for such peers, and has another name: the message says so. */
  readonly packed?: PackedBody | undefined;
  /** @throws AiocError AIOC_FILE_CHANGED, AIOC_FILE_UNREADABLE, at the latest before the last chunk */
  chunks(): AsyncIterable<Buffer>;
  /** The bytes from `start` to `end`. Absent where nothing goes in pieces. */
  range?(start: number, end: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** A file or directory that is sent with a message; it is read when it is sent. */
export interface OutgoingBody {
  /** 0 if unknown before it is opened. */
  readonly sizeBytes: number;
  /** If it cannot be sent, the message fails, or is sent without it (PROTOCOL §3). */
  readonly whenUnreadable: 'fail' | 'send-without';
  /** Messages behind it may overtake it while it crosses. */
  readonly anyOrder?: boolean;
  /** Towards Python, a larger file goes in pieces of this size, each with a frame of its own. Absent: in one frame. */
  readonly pieceMaxBytes?: number;
  /** For an aioc peer that takes transfers. */
  source(): Promise<TransferSource>;
  /** For other peers, which receive it as a part of the message's frame. */
  open(): Promise<OpenBody>;
  onProgress(progress: TransferProgress): void;
  /** The peer has received it. */
  onDelivered(): void;
  /** Its message was queued and will not be sent. */
  onGivenUp?(): void;
}
