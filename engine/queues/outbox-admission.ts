import type { WhenFull } from '../config/shapes.ts';
import { sizeOfParts } from '../storage/store.ts';
import { CompletionInOrder } from './completion-in-order.ts';
import { firstMessages, type MessageBatch, messagesFrom } from './message-batch.ts';
import type { Completion, OutboxBatch } from './outbox-batch.ts';
import { refuse } from './outbox-entry.ts';
import { OUTBOX_HEAD_BYTES } from './outbox-head.ts';
import type { OutboxWriter, PendingBatch } from './outbox-writer.ts';
import type { OverflowPolicy } from './overflow-policy.ts';

export interface OutboxAdmissionOptions {
  readonly overflow: OverflowPolicy;
  readonly writer: OutboxWriter;
  readonly whenFull: WhenFull;
  /** Whether the peer is connected, so that the queue shrinks. */
  readonly isDraining: () => boolean;
  /** They fit, and are in the queue when this returns. */
  readonly take: (pending: PendingBatch) => void;
}

/** Lets messages into an outbox: at once, when there is room, or in parts. */
export class OutboxAdmission {
  readonly #options: OutboxAdmissionOptions;

  constructor(options: OutboxAdmissionOptions) {
    this.#options = options;
  }

  /** See Outbox.enqueue. */
  enqueue(batch: OutboxBatch, completion: Completion): Promise<void> | undefined {
    const { overflow, writer, whenFull, take } = this.#options;
    const { patience = 'none' } = completion;
    const persists = patience === 'always' && whenFull === 'refuse';
    const fitting = overflow.fitting(batch, BESIDE_BYTES);
    if (fitting === batch.count) {
      take({ batch, completion, persists });
      return persists ? writer.whenStoring() : undefined;
    }
    const parts = new CompletionInOrder(completion);
    if (fitting > 0) take({ batch: firstMessages(batch, fitting), completion: parts.part(), persists });
    return this.#enqueueRest(laterMessages(batch, fitting), parts, persists);
  }

  #enqueueRest(batch: OutboxBatch, parts: CompletionInOrder, persists: boolean): Promise<void> | undefined {
    const { overflow, isDraining, take } = this.#options;
    // What does not fit into an empty queue either goes in parts.
    const part = overflow.largestPart(batch, BESIDE_BYTES);
    const first = firstMessages(batch, part);
    const completion = parts.part();
    const { patience = 'none' } = completion;
    const entered = overflow.whenRoom({
      count: first.count,
      sizeBytes: sizeInOutbox(first),
      mayWait: () => persists || (patience !== 'none' && isDraining()),
      enter: () => take({ batch: first, completion, persists }),
      refused: (error) => refuse(first, completion, error),
    });
    if (part === batch.count) return entered;
    const rest = this.#enqueueRest(laterMessages(batch, part), parts, persists);
    return rest ?? entered;
  }
}

/** What the store counts for a batch besides its records. */
const BESIDE_BYTES = sizeOfParts(OUTBOX_HEAD_BYTES, 0);

/** What an outbox counts for a batch. */
export function sizeInOutbox({ records }: MessageBatch): number {
  return BESIDE_BYTES + records.length;
}

function laterMessages(batch: OutboxBatch, from: number): OutboxBatch {
  if (from === 0) return batch;
  return { ...messagesFrom(batch, from), logId: batch.logId === 0 ? 0 : batch.logId + from };
}
