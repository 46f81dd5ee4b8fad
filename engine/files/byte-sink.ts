/** Receives the bytes of one file. The connection reads nothing else while a promise of `write` or `end` is pending. */
export interface ByteSink {
  write(bytes: Buffer): Promise<void>;
  /** All bytes have been written. Settles when the file is in its place. */
  end(): Promise<void>;
  /** The connection ended or failed before the file was complete. */
  abort(): void;
}

/** Discards a file. Its bytes must be read all the same: they are part of the stream. */
export const DISCARD: ByteSink = {
  write: () => Promise.resolve(),
  end: () => Promise.resolve(),
  abort: () => undefined,
};
