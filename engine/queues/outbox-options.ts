import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { Store } from '../storage/store.ts';
import type { Capacity } from './capacity.ts';
import type { MessageParts } from './message-record.ts';
import type { DeliveryContext } from './out-message.ts';

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
  /** Context of a message of an earlier run, or of one beyond the number of observed messages. */
  readonly revive: (parts: MessageParts) => DeliveryContext;
  /** Called when messages have been stored, before their completions. */
  readonly onKept: () => void;
  /** Whether the peer is connected, so that the queue shrinks. */
  readonly isDraining: () => boolean;
}
