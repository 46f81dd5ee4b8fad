import { AiocError, toAiocError } from '../../base/errors.ts';
import { framesOf, sharedOf } from '../../protocol/batched-messages.ts';
import { type Header, parseJsonObject } from '../../protocol/header.ts';
import { checkFields } from '../../protocol/header-fields.ts';
import { batchFrom, checkBatch, RECORD_HEAD_BYTES } from '../../protocol/record-batch.ts';
import { RecordCursor } from '../../protocol/record-cursor.ts';
import { CompletionInOrder } from '../../queues/completion-in-order.ts';
import type { CheckedBatch } from '../../queues/message-batch.ts';
import type { Cancel, Completion } from '../../queues/outbox-batch.ts';
import { type LocalBroker, messageMaxBytesOf, tooLargeText } from '../local-broker.ts';
import { headerOfBeginning } from '../local-frames.ts';
import { type BatchInPacket, checkLimits, rangeBody, sentBatchIn } from './batch-packets.ts';
import { jsonBody, type Packet, type PacketKind } from './packets.ts';

export interface ProgramBatchesOptions {
  readonly broker: LocalBroker;
  write(kind: PacketKind, number: number, body: Buffer): void;
  /** So many messages are on their way into the queue. */
  onBegun(count: number, bytes: number): void;
  onAnswered(count: number, bytes: number): void;
  /** For the log. */
  onRefused(type: string, count: number, error: AiocError): void;
}

/** The batches that one program sends. */
export class ProgramBatches {
  readonly #options: ProgramBatchesOptions;

  constructor(options: ProgramBatchesOptions) {
    this.#options = options;
  }

  /**
   * @returns a promise to await before the next packet, if any
   * @throws AiocError AIOC_FRAME_BAD for a batch that no library would send
   */
  take({ number, body }: Packet): Promise<void> | undefined {
    const batch = sentBatchIn(body);
    const { shared, count, records } = batch;
    checkLimits(batch);
    checkFields(shared);
    const { largestBytes, hasResponse, hasFile } = checkBatch(records, count);
    if (hasFile)
      throw new AiocError('AIOC_FRAME_BAD', 'a message with a file is in a batch: it belongs in a send');
    const answers = this.#answers(number, shared.message_type);
    if (largestBytes <= messageMaxBytesOf(this.#options.broker))
      return this.#submit({ shared, count, records, largestBytes, hasResponse }, answers);
    return this.#submitParts(batch, new CompletionInOrder(answers));
  }

  /** A message that is larger than a packet. Only its header was kept. */
  refuseSkipped({ number, body, skippedBytes = 0 }: Packet): void {
    const { broker } = this.#options;
    const text = tooLargeText(skippedBytes, messageMaxBytesOf(broker));
    const error = new AiocError('AIOC_FRAME_TOO_LARGE', text);
    const header = headerOfSkipped(body);
    broker.noResponse(header, error);
    this.#answers(number, header?.message_type ?? 'large').refused(1, error);
  }

  /** Answers the messages of one packet in their order. `number`: of the first. */
  #answers(number: number, type: string): Completion {
    const { broker, write, onRefused } = this.#options;
    const outcome = broker.isStored(type) ? 'stored' : 'accepted';
    let next = number;
    const answer = (kind: PacketKind, count: number, body: Buffer): void => {
      write(kind, next, body);
      next += count;
    };
    return {
      patience: 'while-draining',
      kept: (count) => answer('accepted', count, rangeBody({ count, outcome })),
      refused: (count, error) => {
        const known = toAiocError(error);
        const { code, message } = known;
        onRefused(type, count, known);
        answer('refusedBatch', count, jsonBody({ code, message, count }));
      },
    };
  }

  #submit(batch: CheckedBatch, answers: Completion): Promise<void> | undefined {
    const { broker, onBegun, onAnswered } = this.#options;
    const bytes = batch.records.length;
    let left = batch.count;
    const settled = (count: number): void => {
      left -= count;
      if (left === 0) onAnswered(batch.count, bytes);
    };
    onBegun(batch.count, bytes);
    return broker.submitBatch(batch, {
      patience: answers.patience,
      kept: (count) => {
        answers.kept(count);
        settled(count);
      },
      refused: (count, error) => {
        answers.refused(count, error);
        settled(count);
      },
    });
  }

  /** Messages above max_size_message are refused; the others go on in batches of their own. */
  async #submitParts(batch: BatchInPacket, answers: CompletionInOrder<Cancel | undefined>): Promise<void> {
    const { shared } = batch;
    for (const part of partsOf(batch, messageMaxBytesOf(this.#options.broker))) {
      const { count, records } = part;
      const answer = answers.part(count);
      if (part.isTooLarge) this.#refuseLarge(batch, part, answer);
      else {
        const { largestBytes, hasResponse } = checkBatch(records, count);
        await this.#submit({ shared, count, records, largestBytes, hasResponse }, answer);
      }
    }
  }

  #refuseLarge({ shared }: BatchInPacket, { records }: BatchPart, answer: Completion): void {
    const { broker } = this.#options;
    for (const { header, data, binary } of framesOf(shared, records)) {
      const text = tooLargeText(data.length + binary.length, messageMaxBytesOf(broker));
      const error = new AiocError('AIOC_FRAME_TOO_LARGE', text);
      broker.noResponse(header, error);
      answer.refused(1, error);
    }
  }
}

/** The header of the only message of a batch, of which nothing else was kept; undefined if it is unreadable. */
function headerOfSkipped(body: Buffer): Header | undefined {
  const shared = headerOfBeginning(body);
  const recordAt = 2 + body.readUInt16LE(0) + 4;
  const own = body.subarray(recordAt + RECORD_HEAD_BYTES);
  try {
    return shared && { ...sharedOf(shared), ...parseJsonObject(own) };
  } catch {
    return shared;
  }
}

interface BatchPart {
  readonly count: number;
  readonly records: Buffer;
  /** One message above the limit. */
  readonly isTooLarge: boolean;
}

/** Cuts a batch in front of and behind each message that is too large. */
function* partsOf({ count, records }: BatchInPacket, maxBytes: number): Generator<BatchPart> {
  const cursor = new RecordCursor(records);
  let from = 0;
  const cut = (isTooLarge: boolean, to: number, toAt: number): BatchPart => {
    // The header of its first message may be that of an earlier one.
    const { pieces } = batchFrom(records.subarray(0, toAt), to, from);
    const part = { count: to - from, records: Buffer.concat(pieces), isTooLarge };
    from = to;
    return part;
  };
  for (let index = 0; cursor.next(); index += 1) {
    if (cursor.end - cursor.dataAt <= maxBytes) continue;
    if (index > from) yield cut(false, index, cursor.start);
    yield cut(true, index + 1, cursor.end);
  }
  if (count > from) yield cut(false, count, records.length);
}
