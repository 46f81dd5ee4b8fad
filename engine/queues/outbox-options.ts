import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import type { Store } from '../storage/store.ts';
import type { Capacity } from './capacity.ts';
import type { DeliveryContext } from './outbox-batch.ts';

export interface OutboxOptions {
  readonly type: string;
  /** The name of its stream in the store. */
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  readonly capacity: Capacity;
  readonly whenFull: WhenFull;
  readonly random: Pick<Randomness, 'bytes'>;
  /**
   * Context of messages of an earlier run, or beyond the number of observed ones.
   *
   * @param header of a single message, which may name a file
   * @param number of the first message
   */
  readonly revive: (header: JsonObject | undefined, number: MessageNumber) => DeliveryContext;
  /** Called when messages have been stored, before their completions. */
  readonly onKept: () => void;
  /** Whether the peer is connected, so that the queue shrinks. */
  readonly isDraining: () => boolean;
}
