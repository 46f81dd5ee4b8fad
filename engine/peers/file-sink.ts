import { type ByteSink, DISCARD } from '../files/byte-sink.ts';
import type { IndexRange } from '../queues/inbox-arrival.ts';

/**
 * What became of received messages. An aioc peer receives both `dropped` and `rejected` as "dropped". A Python peer
 * receives an ack for `dropped`, and nothing for `rejected`. Of a batch, some messages may be dropped: by index.
 */
export type Disposition = 'taken' | 'dropped' | 'rejected' | { readonly dropped: readonly IndexRange[] };

/** Receives one file from a peer, and then delivers its message. */
export interface FileSink<Delivery = Disposition | Promise<Disposition>> extends ByteSink {
  /** Delivers the message of the file; called once, after `end`. A pending result does not hold later frames back. */
  deliver(): Delivery;
}

export type DeliveringSink = FileSink<Promise<void> | undefined>;

export const DISCARDED_FILE: FileSink = wrapSink(DISCARD, { deliver: () => 'dropped' });

/** A sink that forwards every call to `sink`, except those in `own`. */
export function wrapSink<Delivery>(
  sink: ByteSink,
  own: Partial<ByteSink> & Pick<FileSink<Delivery>, 'deliver'>,
): FileSink<Delivery> {
  return {
    write: (bytes) => sink.write(bytes),
    end: () => sink.end(),
    abort: () => sink.abort(),
    ...own,
  };
}
