import type { Credit } from '../base/credit.ts';
import type { Outbox } from '../queues/outbox.ts';
import type { OutboxEntry } from '../queues/outbox-entry.ts';

/** An outbox, and what is known about its way to the peer. */
export interface SentQueue {
  readonly outbox: Outbox;
  readonly credit: Credit;
}

/** The entry whose messages are sent next. */
export interface NextEntry extends SentQueue {
  readonly entry: OutboxEntry;
}
