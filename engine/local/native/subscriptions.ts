import { AiocError, toAiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import { encodeFrame } from '../../protocol/frame-encoder.ts';
import { framesOfInboxBatch } from '../../queues/inbox-batch.ts';
import { partsWithin } from '../../queues/message-batch.ts';
import type { LocalBroker } from '../local-broker.ts';
import type { PacketWriter } from './packet-writer.ts';
import { bodyAsJson, jsonBody, type Packet } from './packets.ts';
import { type GivenBatch, ServedSubscription } from './served-subscription.ts';

export interface SubscriptionsOptions {
  readonly broker: LocalBroker;
  readonly clock: Clock;
  readonly writer: PacketWriter;
  readonly onChange: () => void;
}

/** The subscriptions of one program. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #byNumber = new Map<number, ServedSubscription>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /**
   * @param batchMaxBytes the largest batch of several messages that the program takes; 0: none
   * @throws AiocError AIOC_FRAME_BAD for an invalid packet
   */
  handle(kind: 'subscribe' | 'taken' | 'unsubscribe', packet: Packet, batchMaxBytes: number): void {
    if (kind === 'subscribe') this.#subscribe(packet, batchMaxBytes);
    else if (kind === 'unsubscribe') this.#unsubscribe(packet.number);
    // The subscription may have been superseded meanwhile.
    else this.#byNumber.get(packet.number)?.taken(upToIn(packet));
  }

  /** The program has disconnected. */
  end(): void {
    for (const number of [...this.#byNumber.keys()]) this.#unsubscribe(number);
  }

  #subscribe(packet: Packet, batchMaxBytes: number): void {
    const { number } = packet;
    const { type, credit, holdsSocket, takeOver } = bodyAsJson(packet);
    if (typeof type !== 'string' || !Number.isInteger(credit) || Number(credit) < 1) {
      throw new AiocError('AIOC_FRAME_BAD', 'a subscribe without a valid type or credit');
    }
    if (this.#byNumber.has(number))
      throw new AiocError('AIOC_FRAME_BAD', 'a subscribe with a number that is in use');
    const { broker, clock, writer, onChange } = this.#options;
    try {
      const inbox = broker.inbox(type);
      const subscription = new ServedSubscription({
        inbox,
        credit: Math.min(Number(credit), LIMITS.subscriptionMessages),
        clock,
        budget: broker.budget,
        give: (batch) => {
          if (batchMaxBytes === 0) writeMessages(writer, number, batch);
          else writeBatches(writer, number, batch, batchMaxBytes);
        },
        onSuperseded: () => this.#superseded(number, type),
        onChange,
      });
      const mayTake = inbox.consumers.subscribe(subscription, {
        holdsSocket: holdsSocket === true,
        takeOver: takeOver === true,
      });
      this.#byNumber.set(number, subscription);
      writer.write('done', number, jsonBody({ store: inbox.identity }));
      void mayTake.then(() => subscription.start());
    } catch (error) {
      const { code, message } = toAiocError(error);
      writer.write('failed', number, jsonBody({ code, message }));
      return;
    }
    onChange();
  }

  #unsubscribe(number: number): void {
    this.#byNumber.get(number)?.end();
    this.#byNumber.delete(number);
    this.#options.onChange();
  }

  #superseded(number: number, type: string): void {
    this.#byNumber.delete(number);
    const message = `another program has taken over the messages of type ${type}`;
    this.#options.writer.write('failed', number, jsonBody({ code: 'AIOC_LISTENER_TAKEN', message }));
  }
}

function upToIn(packet: Packet): number {
  const { upTo } = bodyAsJson(packet);
  if (Number.isSafeInteger(upTo)) return upTo as number;
  throw new AiocError('AIOC_FRAME_BAD', 'a taken without a valid upTo');
}

/** In as many packets as the program needs. */
function writeBatches(writer: PacketWriter, number: number, batch: GivenBatch, maxBytes: number): void {
  let { position } = batch;
  for (const part of partsWithin(batch, maxBytes)) {
    writeBatch(writer, number, { ...part, position });
    position += part.count;
  }
}

function writeBatch(writer: PacketWriter, number: number, batch: GivenBatch): void {
  const { position, redelivered, head, count, records } = batch;
  // A message with a file goes by itself.
  if (count === 1 && records.includes(WITH_FILE)) return writeMessages(writer, number, batch);
  const counted = Buffer.from(`, "aioc_batch": ${count}}`, 'latin1');
  const header = Buffer.concat([head.subarray(0, head.length - 1), counted]);
  writer.writeBatch(number, { position, redelivered, header, records: [records] });
}

/** For a program that does not understand batches. */
function writeMessages(writer: PacketWriter, number: number, batch: GivenBatch): void {
  let { position } = batch;
  for (const { header, headerBytes, data, binary } of framesOfInboxBatch(batch)) {
    const frame = encodeFrame({ header, headerBytes, data, binary }).subarray(4);
    writer.writeMessage(number, { position, redelivered: batch.redelivered, frame });
    position += 1;
  }
}

const WITH_FILE = Buffer.from('with_file');
