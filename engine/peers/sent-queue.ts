import type { Outbox } from '../queues/outbox.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';
import type { StreamCredit } from './stream-credit.ts';

/** An outbox, and what is known about its way to the peer. */
export interface SentQueue {
  readonly outbox: Outbox;
  readonly credit: StreamCredit;
}

/** The entry whose messages are sent next. */
export interface NextEntry extends SentQueue {
  readonly entry: OutboxEntry;
}
