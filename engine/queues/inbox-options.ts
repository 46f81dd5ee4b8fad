import type { Clock } from '../base/ports.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { Store } from '../storage/store.ts';
import type { Capacity } from './capacity.ts';
import type { LoggedMessages } from './outbox-batch.ts';

export interface InboxOptions {
  readonly type: string;
  /** The name of its stream in the store. */
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
  /** Whether it survives a restart. If not, a numbered message stays with its sender until it is taken. */
  readonly isStored: boolean;
  /** Messages of a peer were damaged on the disk and will not arrive again. */
  readonly onLost?: (peerName: string, count: number) => void;
  /** Reports the outcome of messages that have log ids. */
  readonly onOutcome?: (messages: LoggedMessages, outcome: InboxOutcome, reason?: string) => void;
  /** The only possible sender, if there is just one: a client's server. */
  readonly soleSender?: string | undefined;
}

/**
 * The outcome of a message in an inbox. `taken`: its listener has confirmed it. `handed over`: it was written to the
 * socket of a listener that cannot confirm.
 */
export type InboxOutcome = 'stored' | 'in memory' | 'taken' | 'handed over' | 'dropped' | 'failed';
