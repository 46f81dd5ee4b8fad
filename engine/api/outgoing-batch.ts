import { framesOf, type SharedHeader } from '../protocol/batched-messages.ts';
import { encodeFrame } from '../protocol/frame-encoder.ts';
import { headerText } from '../protocol/header.ts';
import { CompletionInOrder } from '../queues/completion-in-order.ts';
import { partsWithin } from '../queues/message-batch.ts';
import type { Completion } from '../queues/outbox-batch.ts';

/** What a connector guarantees for a message that it has accepted. */
export type SendOutcome =
  /** It is on this machine's disk, and aioc sends it to the peer even after a crash. */
  | 'stored'
  /** It is in memory only: its type is not stored on disk. */
  | 'accepted'
  /** It was dropped, because the peer is ignored (ignore_peer_traffic). */
  | 'ignored';

/** Where the messages of a batch go: the header that they share. */
export class BatchAddress {
  readonly shared: SharedHeader;
  readonly destinationId: string | undefined;
  readonly #prefix: string;

  /** @throws AiocError AIOC_FRAME_TOO_LARGE */
  constructor(messageType: string, sourceId: string, destinationId: string | undefined) {
    this.destinationId = destinationId;
    this.shared = {
      message_type: messageType,
      source_id: sourceId,
      ...(destinationId !== undefined && { destination_id: destinationId }),
    };
    this.#prefix = `${headerText(this.shared).slice(0, -1)}, "aioc_batch": `;
  }

  isOf(messageType: string, destinationId: string | undefined): boolean {
    return this.shared.message_type === messageType && this.destinationId === destinationId;
  }

  /** The header of a frame with a batch of so many messages. */
  headerFor(count: number): Buffer {
    return Buffer.from(`${this.#prefix}${count}}`, 'latin1');
  }
}

/** Messages of one type to one destination that go to the connector together. */
export interface OutgoingBatch {
  readonly address: BatchAddress;
  readonly count: number;
  /** The records, in as many pieces as they were gathered in. */
  readonly pieces: readonly Buffer[];
  /** Cancels it, until it is written. */
  readonly signal: AbortSignal | undefined;
  /** The outcome is undefined from a Python connector, which does not answer. */
  readonly reply: Completion<SendOutcome | undefined>;
}

/** The size of its records. */
export function recordBytesOf({ pieces }: OutgoingBatch): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}

/** Its messages in batches of at most `maxBytes` each, for a connector that takes no larger ones. */
export function* partsOfBatch(batch: OutgoingBatch, maxBytes: number): Generator<OutgoingBatch> {
  const { address, signal } = batch;
  const inOrder = new CompletionInOrder(batch.reply);
  for (const { count, records } of partsWithin({ count: batch.count, records: wholeOf(batch) }, maxBytes))
    yield { address, count, pieces: [records], signal, reply: inOrder.part(count) };
}

/** The messages of a batch as frames, for a connector that does not know batches. */
export function* framesOfBatch(batch: OutgoingBatch): Generator<Buffer> {
  for (const { header, headerBytes, data, binary } of framesOf(batch.address.shared, wholeOf(batch)))
    yield encodeFrame({ header, headerBytes, data, binary });
}

function wholeOf({ pieces }: OutgoingBatch): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}
