import type { Randomness } from '../base/ports.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { FileTransfer } from './connector-transport.ts';
import type { SomeFile } from './message-frame.ts';

/** The `with_file` of a message, and the file's bytes if the connector gets those. */
export interface FilePart {
  readonly withFile: JsonObject;
  readonly bytes?: () => AsyncIterable<Buffer>;
}

export interface FilePlan {
  /** One for each message to send: several only for a Python connector. */
  readonly parts: readonly FilePart[];
  /** Call when the connector has all messages. */
  handedOver(): Promise<void>;
  /** Removes what no connector will read. */
  discard(): Promise<void>;
}

export interface FilePlanOptions {
  readonly file: SomeFile;
  readonly fileTransfer: FileTransfer;
  /** For a Python connector, a larger file is cut into pieces of this size (PROTOCOL §3). */
  readonly maxChunkBytes: number;
  /** The directory of what a Python connector reads and deletes. */
  directory(): Promise<string>;
  readonly random: Randomness;
  readonly signal: AbortSignal | undefined;
}
