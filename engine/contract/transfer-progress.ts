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

/** What a directory contains and its peer does not get, with the reasons: all of it counted, the first ones named. */
export interface LeftOut {
  readonly count: number;
  readonly first: readonly (readonly [path: string, why: string])[];
}

/** What became of the file of a message. */
export type FileOutcome =
  /** The peer has it, and its message. */
  | {
      readonly phase: 'arrived';
      readonly sizeBytes: number;
      readonly leftOut: LeftOut;
      /** Of the zip file that the peer got for a directory, because it takes no directories. */
      readonly name?: string;
    }
  /** The peer has the message at most. `by`: who refused it, or could not do it. */
  | { readonly phase: 'failed'; readonly by: 'sender' | 'receiver'; readonly reason: string }
  /** Neither the file nor its message is sent. */
  | { readonly phase: 'cancelled' }
  /** The connector has the message, and does not tell any more. */
  | { readonly phase: 'unknown'; readonly reason: string };

export type OnFileState = (state: TransferProgress | FileOutcome) => void;
