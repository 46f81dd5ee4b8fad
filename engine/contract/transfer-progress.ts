/** `comparing`: reading what is there, to continue behind it. `finishing`: all bytes are there, and are being synced. */
export type TransferPhase = 'waiting' | 'comparing' | 'running' | 'finishing' | 'ready' | 'failed';

/** Why a transfer ended without its file; `by`: the side that ended it. */
export interface TransferFailure {
  readonly by: 'sender' | 'receiver';
  /** AIOC_CANCELLED, AIOC_FILE_CHANGED, … */
  readonly code: string;
  readonly reason: string;
}

export interface TransferProgress {
  readonly phase: TransferPhase;
  /** Of the stream, at the receiver. While comparing: what has been read. */
  readonly doneBytes: number;
  /** Undefined for a tree: known at its end. */
  readonly totalBytes: number | undefined;
  /** What the receiver had already when this connection began. */
  readonly resumedBytes: number;
  /** Over the last seconds. */
  readonly bytesPerSecond: number;
  /** Of the phase `failed`. */
  readonly failure?: TransferFailure;
}
