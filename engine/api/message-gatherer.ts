import { LIMITS } from '../base/limits.ts';
import { RECORD_HEAD_BYTES, RecordBatchBuilder } from '../protocol/record-batch.ts';
import { binaryOf, bodyOf, type OutgoingMessage, ownHeaderOf } from './message-frame.ts';
import { BatchAddress, type OutgoingBatch } from './outgoing-batch.ts';

/** A batch without the ones who wait for it. */
export type GatheredBatch = Pick<OutgoingBatch, 'address' | 'count' | 'pieces'>;

/** Gathers messages in the order of the calls into batches. A batch ends where the next message does not fit into it. */
export class MessageGatherer {
  readonly #sourceId: string;
  readonly #onBatch: (batch: GatheredBatch) => void;
  readonly #builder = new RecordBatchBuilder();
  #address: BatchAddress | undefined;

  constructor(sourceId: string, onBatch: (batch: GatheredBatch) => void) {
    this.#sourceId = sourceId;
    this.#onBatch = onBatch;
  }

  /** Messages of the batch that is being gathered. */
  get count(): number {
    return this.#builder.count;
  }

  /** Whether that batch should not wait for more. */
  get isFull(): boolean {
    return this.#builder.sizeBytes >= LIMITS.largeBatchBytes || this.#builder.count >= LIMITS.batchMessages;
  }

  /**
   * Adds a message without a file. The batch before it, if it does not fit there, is passed on first.
   *
   * @returns its size: characters of text, or bytes, and bytes of binary
   * @throws AiocError AIOC_NAME_BAD, AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE; it was not added
   */
  add(message: OutgoingMessage, destinationId: string | undefined): number {
    const body = bodyOf(message);
    const binary = binaryOf(message, body.length);
    const header = ownHeaderOf(message);
    const address = this.#addressOf(message.messageType, destinationId);
    if (address !== this.#address || !this.#hasRoomFor(header, body, binary)) this.flush();
    this.#address = address;
    this.#builder.addMessage(header, body, binary);
    return body.length + binary.length;
  }

  /** Passes on what is gathered, if anything is. */
  flush(): void {
    if (this.#builder.count === 0) return;
    const { count, pieces } = this.#builder.take();
    this.#onBatch({ address: this.#address as BatchAddress, count, pieces });
  }

  #addressOf(messageType: string, destinationId: string | undefined): BatchAddress {
    if (this.#address?.isOf(messageType, destinationId)) return this.#address;
    return new BatchAddress(messageType, this.#sourceId, destinationId);
  }

  #hasRoomFor(header: string, body: string | Uint8Array, binary: Uint8Array): boolean {
    const { count, sizeBytes } = this.#builder;
    if (count === 0) return true;
    if (count >= LIMITS.batchMessages) return false;
    const usedBytes = sizeBytes + RECORD_HEAD_BYTES + header.length + binary.length;
    const isLarge = body.length + binary.length >= LIMITS.largeMessageBytes;
    const freeBytes = (isLarge ? LIMITS.largeBatchBytes : LIMITS.batchBytes) - usedBytes;
    if (typeof body !== 'string' || body.length * UTF8_MOST_BYTES <= freeBytes)
      return body.length <= freeBytes;
    return Buffer.byteLength(body) <= freeBytes;
  }
}

const UTF8_MOST_BYTES = 3;
