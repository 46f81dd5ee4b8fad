import { AiocError, toAiocError } from '../../base/errors.ts';
import { ReportsInOrder } from '../../base/reports-in-order.ts';
import { framesOf, sharedOf } from '../../protocol/batched-messages.ts';
import { type Header, parseJsonObject } from '../../protocol/header.ts';
import { batchFrom, checkBatch, RECORD_HEAD_BYTES } from '../../protocol/record-batch.ts';
import { RecordCursor } from '../../protocol/record-cursor.ts';
import type { CheckedBatch } from '../../queues/message-batch.ts';
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
    const { largestBytes, hasResponse, hasFile } = checkBatch(records, count);
    if (hasFile)
      throw new AiocError('AIOC_FRAME_BAD', 'a message with a file is in a batch: it belongs in a send');
    const answers = new BatchAnswers(number, this.#options, shared.message_type);
    if (largestBytes <= messageMaxBytesOf(this.#options.broker))
      return this.#submit({ shared, count, records, largestBytes, hasResponse }, answers.next());
    return this.#submitParts(batch, answers);
  }

  /** A message that is larger than a packet. Only its header was kept. */
  refuseSkipped({ number, body, skippedBytes = 0 }: Packet): void {
    const { broker } = this.#options;
    const text = tooLargeText(skippedBytes, messageMaxBytesOf(broker));
    const error = new AiocError('AIOC_FRAME_TOO_LARGE', text);
    const header = headerOfSkipped(body);
    broker.noResponse(header, error);
    const answer = new BatchAnswers(number, this.#options, header?.message_type ?? 'large').next();
    answer.refused(1, error);
    answer.over();
  }

  #submit(batch: CheckedBatch, answer: BatchAnswer): Promise<void> | undefined {
    const { broker, onBegun, onAnswered } = this.#options;
    const bytes = batch.records.length;
    let left = batch.count;
    const outcome = broker.isStored(batch.shared.message_type) ? 'stored' : 'accepted';
    const settled = (count: number): void => {
      left -= count;
      if (left > 0) return;
      answer.over();
      onAnswered(batch.count, bytes);
    };
    onBegun(batch.count, bytes);
    return broker.submitBatch(batch, {
      patience: 'while-draining',
      kept: (count) => {
        answer.kept(count, outcome);
        settled(count);
      },
      refused: (count, error) => {
        answer.refused(count, toAiocError(error));
        settled(count);
      },
    });
  }

  /** Messages above max_size_message are refused; the others go on in batches of their own. */
  async #submitParts(batch: BatchInPacket, answers: BatchAnswers): Promise<void> {
    const { shared } = batch;
    for (const part of partsOf(batch, messageMaxBytesOf(this.#options.broker))) {
      const answer = answers.next();
      if (part.isTooLarge) this.#refuseLarge(batch, part, answer);
      else {
        const { count, records } = part;
        const { largestBytes, hasResponse } = checkBatch(records, count);
        await this.#submit({ shared, count, records, largestBytes, hasResponse }, answer);
      }
    }
  }

  #refuseLarge({ shared }: BatchInPacket, { records }: BatchPart, answer: BatchAnswer): void {
    const { broker } = this.#options;
    for (const { header, data, binary } of framesOf(shared, records)) {
      const text = tooLargeText(data.length + binary.length, messageMaxBytesOf(broker));
      const error = new AiocError('AIOC_FRAME_TOO_LARGE', text);
      broker.noResponse(header, error);
      answer.refused(1, error);
    }
    answer.over();
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

interface BatchAnswer {
  kept(count: number, outcome: 'stored' | 'accepted'): void;
  refused(count: number, error: AiocError): void;
  /** All messages of the part are answered. */
  over(): void;
}

/** Answers the messages of one packet in their order, although its parts may be done in another. */
class BatchAnswers {
  readonly #options: ProgramBatchesOptions;
  readonly #type: string;
  readonly #reports = new ReportsInOrder();
  #number: number;

  constructor(number: number, options: ProgramBatchesOptions, type: string) {
    this.#number = number;
    this.#options = options;
    this.#type = type;
  }

  /** For the next part. */
  next(): BatchAnswer {
    const part = this.#reports.next();
    return {
      kept: (count, outcome) =>
        part.make(() => this.#range('accepted', count, rangeBody({ count, outcome }))),
      refused: (count, error) => {
        const { code, message } = error;
        this.#options.onRefused(this.#type, count, error);
        part.make(() => this.#range('refusedBatch', count, jsonBody({ code, message, count })));
      },
      over: () => part.over(),
    };
  }

  #range(kind: PacketKind, count: number, body: Buffer): void {
    this.#options.write(kind, this.#number, body);
    this.#number += count;
  }
}
