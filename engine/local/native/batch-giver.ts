import { afterMicrotasks } from '../../base/batching.ts';
import { LIMITS } from '../../base/limits.ts';
import { recordHeader, type SharedHeader } from '../../protocol/batched-messages.ts';
import { RecordBatchBuilder } from '../../protocol/record-batch.ts';
import { parseLocalFrame } from '../local-frames.ts';
import { namesFile } from '../world-readable-message-file.ts';
import { batchHeader } from './batch-packets.ts';
import type { PacketWriter } from './packet-writer.ts';
import type { SubscribedMessage } from './packets.ts';

/** For an inbox that gives messages one by one: gives a subscription those of one event together. */
export class BatchGiver {
  readonly #number: number;
  readonly #writer: PacketWriter;
  readonly #builder = new RecordBatchBuilder();
  #shared: SharedHeader = { message_type: '' };
  #position = 0;
  #redelivered = false;
  #isPlanned = false;

  constructor(number: number, writer: PacketWriter) {
    this.#number = number;
    this.#writer = writer;
  }

  give(message: SubscribedMessage): void {
    const { position, redelivered, frame } = message;
    const parsed = parseLocalFrame(frame);
    if (namesFile(parsed)) {
      this.#flush();
      this.#writer.writeMessage(this.#number, message);
      return;
    }
    const { message_type, source_id, destination_id } = parsed.header;
    const isNext =
      this.#builder.count < LIMITS.batchMessages &&
      position === this.#position + this.#builder.count &&
      redelivered === this.#redelivered &&
      source_id === this.#shared['source_id'] &&
      destination_id === this.#shared['destination_id'] &&
      this.#builder.sizeBytes + frame.length < LIMITS.batchBytes;
    if (!isNext) this.#flush();
    if (this.#builder.count === 0) {
      const from = { ...(source_id !== undefined && { source_id }) };
      this.#shared = { message_type, ...from, ...(destination_id !== undefined && { destination_id }) };
      this.#position = position;
      this.#redelivered = redelivered;
    }
    const { data, binary } = parsed;
    this.#builder.add({ headerBytes: recordHeader(parsed.header), data, binary });
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    afterMicrotasks(() => {
      this.#isPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#builder.count === 0) return;
    const { count, pieces: records } = this.#builder.take();
    const header = batchHeader(this.#shared, count);
    this.#writer.writeBatch(this.#number, {
      ...{ position: this.#position, redelivered: this.#redelivered },
      ...{ header, records },
    });
  }
}
