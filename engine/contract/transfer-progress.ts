/** `comparing`: reading what is there, to continue behind it. `finishing`: all bytes are there, and are being synced. */
export type TransferPhase = 'waiting' | 'comparing' | 'running' | 'finishing' | 'ready' | 'failed';

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
}
