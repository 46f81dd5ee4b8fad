import { AckLag } from '../base/ack-lag.ts';
import { Credit } from '../base/credit.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Outbox } from '../queues/outbox.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';

/** An outbox, and what is known about its way to the peer. */
export interface SentQueue {
  readonly outbox: Outbox;
  readonly credit: Credit;
  readonly lag: AckLag;
}

/** Of the unacknowledged messages of one stream. */
const STREAM_CREDIT = {
  minBytes: LIMITS.streamLeastBytes,
  maxBytes: LIMITS.streamMaxBytes,
  probeBytes: LIMITS.batchBytes,
};

/** An outbox of which nothing has been sent yet. */
export function newSentQueue(outbox: Outbox, clock: Clock): SentQueue {
  return { outbox, credit: new Credit(clock, STREAM_CREDIT), lag: new AckLag(clock) };
}

/** The entry whose messages are sent next. */
export interface NextEntry extends SentQueue {
  readonly entry: OutboxEntry;
}
