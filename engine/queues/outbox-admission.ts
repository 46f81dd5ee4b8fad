import type { WhenFull } from '../config/shapes.ts';
import { sizeOfParts } from '../storage/store.ts';
import { BatchParts } from './batch-parts.ts';
import { CompletionInOrder } from './completion-in-order.ts';
import type { MessageBatch } from './message-batch.ts';
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
    const parts = new BatchParts(batch);
    const inOrder = new CompletionInOrder(completion);
    const { logId } = batch;
    if (fitting > 0) take({ batch: parts.next(fitting), completion: inOrder.part(fitting), persists });
    // What does not fit into an empty queue either goes in parts.
    let entered: Promise<void> | undefined;
    while (parts.taken < batch.count) {
      const from = parts.taken;
      const count = overflow.largestPart(parts.rest, BESIDE_BYTES + parts.addedBytes);
      const part = { ...parts.next(count), logId: logId === 0 ? 0 : logId + from };
      entered = this.#enqueuePart(part, inOrder.part(count), persists) ?? entered;
    }
    return entered;
  }

  #enqueuePart(batch: OutboxBatch, completion: Completion, persists: boolean): Promise<void> | undefined {
    const { overflow, isDraining, take } = this.#options;
    const { patience = 'none' } = completion;
    return overflow.whenRoom({
      count: batch.count,
      sizeBytes: sizeInOutbox(batch),
      mayWait: () => persists || (patience !== 'none' && isDraining()),
      enter: () => take({ batch, completion, persists }),
      refused: (error) => refuse(batch, completion, error),
    });
  }
}

/** What the store counts for a batch besides its records. */
const BESIDE_BYTES = sizeOfParts(OUTBOX_HEAD_BYTES, 0);

/** What an outbox counts for a batch. */
export function sizeInOutbox({ records }: MessageBatch): number {
  return BESIDE_BYTES + records.length;
}
