import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { framesOf, recordHeader, type SharedHeader, sharedOf } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type JsonValue, pythonJson } from '../protocol/header.ts';
import { checkBatch } from '../protocol/record-batch.ts';
import {
  batchOfOne,
  type CheckedBatch,
  firstMessages,
  type MessageBatch,
  messagesFrom,
} from '../queues/message-batch.ts';
import type { Application } from './traffic-types.ts';

/**
 * The number of messages in a frame.
 *
 * @throws AiocError AIOC_FRAME_BAD if it is not a valid number
 */
export function countIn({ header, data }: Frame, speaksBatches: boolean): number {
  const count = header['aioc_batch'];
  if (!speaksBatches || count === undefined) return 1;
  return checkedCount(count, data.length);
}

/**
 * A frame with one message.
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE if the message's header would not fit into a frame for its listener
 */
export function batchOfFrame({ header, headerBytes, data, binary }: Frame): MessageBatch {
  const own = recordHeader(header, headerBytes);
  const allBytes = pythonJson(sharedOf(header)).length + own.length;
  if (allBytes <= LIMITS.headerBytes) return batchOfOne({ headerBytes: own, data, binary });
  throw new AiocError(
    'AIOC_FRAME_TOO_LARGE',
    `its header has ${allBytes} bytes when it is written again, at most ${LIMITS.headerBytes} fit`,
  );
}

/** Names of connectors are short; a server's is its address and port. */
function isLong(name: JsonValue | undefined): boolean {
  return typeof name === 'string' && name.length > 2 * LIMITS.nameLength;
}

/** Reads the batches that peers send; those without batches send single messages. */
export class ReceivedBatches {
  /** Usually the same for many frames in a row. */
  #shared: SharedHeader = { message_type: '' };

  /**
   * @param speaksBatches the peer has announced batches
   * @throws AiocError AIOC_FRAME_BAD for a batch that is not as it must be, AIOC_FRAME_TOO_LARGE for a message that
   *   cannot be delivered
   */
  read(frame: Frame, speaksBatches: boolean): CheckedBatch {
    const { header, data, binary } = frame;
    const count = header['aioc_batch'];
    const shared = this.#sharedIn(frame);
    if (!speaksBatches || count === undefined) {
      const hasResponse = header['response_id'] !== undefined;
      return { ...batchOfFrame(frame), shared, largestBytes: data.length + binary.length, hasResponse };
    }
    if (binary.length > 0) throw new AiocError('AIOC_FRAME_BAD', 'a batch with a binary of its own');
    const checked = checkedCount(count, data.length);
    if (header.message_type.length > LIMITS.nameLength || isLong(header['destination_id']))
      throw new AiocError('AIOC_FRAME_BAD', 'a batch with a type or destination that is too long');
    const { largestBytes, hasResponse, hasFile } = checkBatch(data, checked);
    if (hasFile) throw new AiocError('AIOC_FRAME_BAD', 'a message with a file is in a batch');
    return { shared, count: checked, records: data, largestBytes, hasResponse };
  }

  /** The messages of a batch one by one. */
  opened({ shared, records }: CheckedBatch): readonly CheckedBatch[] {
    return [...framesOf(shared, records)].map((frame) => this.read(frame, false));
  }

  #sharedIn({ header }: Frame): SharedHeader {
    const known = this.#shared;
    const isKnown =
      header.message_type === known.message_type &&
      header['source_id'] === known['source_id'] &&
      header['destination_id'] === known['destination_id'];
    if (!isKnown) this.#shared = sharedOf(header);
    return this.#shared;
  }
}

/** A batch in parts, each of which may wait where it goes. */
export function* admissibleParts(
  batch: CheckedBatch,
  application: Pick<Application, 'largestPart'>,
): Iterable<CheckedBatch> {
  let rest = batch;
  for (;;) {
    const part = firstMessages(rest, application.largestPart?.(rest) ?? rest.count);
    yield part;
    if (part.count === rest.count) return;
    rest = messagesFrom(rest, part.count);
  }
}

function checkedCount(count: unknown, sizeBytes: number): number {
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
    throw new AiocError('AIOC_FRAME_BAD', 'aioc_batch is not a number of messages');
  if (count === 1 || (count <= LIMITS.batchMessages && sizeBytes <= LIMITS.largeBatchBytes)) return count;
  throw new AiocError(
    'AIOC_FRAME_BAD',
    `a batch of ${count} messages has ${sizeBytes} bytes; at most ${LIMITS.batchMessages} messages and ${LIMITS.largeBatchBytes} bytes are allowed`,
  );
}
