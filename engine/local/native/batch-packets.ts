import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { SharedHeader } from '../../protocol/batched-messages.ts';
import { headerText } from '../../protocol/header.ts';
import { parseLocalFrame } from '../local-frames.ts';
import {
  DELIVERY_POSITION_BYTES,
  deliveryPositionIn,
  headOf,
  type PacketKind,
  writeDeliveryPosition,
} from './packets.ts';

/** What became of a range of messages (engine/local/native/PROTOCOL.md). */
const RANGE_OUTCOMES = ['accepted', 'stored', 'ignored'] as const;
export type RangeOutcome = (typeof RANGE_OUTCOMES)[number];

/** The records of a batch, and the header of the frame that they are in: see `batchHeader`. */
export interface OutgoingRecords {
  readonly header: Buffer;
  readonly records: readonly Buffer[];
}

/** A batch for a subscription. Its i-th message (from 0) has `position` + i. */
export interface SubscribedBatch extends OutgoingRecords {
  readonly position: number;
  /** A listener may have received its messages before. */
  readonly redelivered: boolean;
}

/** A batch as read from a packet. Its records are not checked. */
export interface BatchInPacket {
  /** What its messages share. */
  readonly shared: SharedHeader;
  readonly count: number;
  readonly records: Buffer;
}

export interface SubscribedBatchInPacket extends BatchInPacket {
  readonly position: number;
  readonly redelivered: boolean;
}

/**
 * The header of a frame with a batch.
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE
 */
export function batchHeader(shared: SharedHeader, count: number): Buffer {
  return Buffer.from(headerText({ ...shared, aioc_batch: count }), 'latin1');
}

/** A batch from a program, whose first message has this number. The records are not copied. */
export function encodeSendBatch(number: number, batch: OutgoingRecords): readonly Buffer[] {
  return framed('sendBatch', number, batch, 0);
}

/** A batch for the subscription with this number. The records are not copied. */
export function encodeBatchPacket(number: number, batch: SubscribedBatch): readonly Buffer[] {
  const pieces = framed('batch', number, batch, DELIVERY_POSITION_BYTES);
  writeDeliveryPosition(pieces[0] as Buffer, batch);
  return pieces;
}

/** @param freeBytes left free in front of the frame */
function framed(
  kind: PacketKind,
  number: number,
  { header, records }: OutgoingRecords,
  freeBytes: number,
): readonly Buffer[] {
  let recordBytes = 0;
  for (const piece of records) recordBytes += piece.length;
  const frameHeadBytes = 2 + header.length + 4;
  const head = headOf({ kind, number }, freeBytes + frameHeadBytes, recordBytes);
  let at = head.length - frameHeadBytes;
  at = head.writeUInt16LE(header.length, at);
  at += header.copy(head, at);
  head.writeUInt32LE(recordBytes, at);
  return [head, ...records];
}

/**
 * The batch in the body of a `sendBatch`.
 *
 * @throws AiocError AIOC_FRAME_BAD
 */
export function sentBatchIn(body: Buffer): BatchInPacket {
  const { header, data: records, binary } = parseLocalFrame(body);
  const { message_type, source_id, destination_id, aioc_batch: count } = header;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || binary.length > 0)
    throw new AiocError('AIOC_FRAME_BAD', 'a batch does not say how many messages it has');
  const shared: SharedHeader =
    source_id === undefined
      ? { message_type, ...(destination_id !== undefined && { destination_id }) }
      : destination_id === undefined
        ? { message_type, source_id }
        : { message_type, source_id, destination_id };
  return { shared, count, records };
}

/** @throws AiocError AIOC_FRAME_BAD */
export function subscribedBatchIn(body: Buffer): SubscribedBatchInPacket {
  const { position, redelivered, rest } = deliveryPositionIn(body);
  const { shared, count, records } = sentBatchIn(rest);
  return { position, redelivered, shared, count, records };
}

/** A range of messages with one outcome. */
export interface MessageRange {
  readonly count: number;
  readonly outcome: RangeOutcome;
}

const RANGE_BYTES = 5;

/** The body of an `accepted`. */
export function rangeBody({ count, outcome }: MessageRange): Buffer {
  const body = Buffer.allocUnsafe(RANGE_BYTES);
  body.writeUInt32LE(count, 0);
  body.writeUInt8(RANGE_OUTCOMES.indexOf(outcome), 4);
  return body;
}

/** @throws AiocError AIOC_FRAME_BAD */
export function rangeIn(body: Buffer): MessageRange {
  if (body.length < RANGE_BYTES) throw new AiocError('AIOC_FRAME_BAD', 'an accepted without its range');
  // An outcome of a later version says at least this.
  return { count: body.readUInt32LE(0), outcome: RANGE_OUTCOMES[body[4] as number] ?? 'accepted' };
}

/**
 * Checks the size of a batch. A single message has the bound of messages.
 *
 * @throws AiocError AIOC_FRAME_BAD
 */
export function checkLimits({ count, records }: BatchInPacket): void {
  if (count === 1 || (count <= LIMITS.batchMessages && records.length <= LIMITS.largeBatchBytes)) return;
  throw new AiocError(
    'AIOC_FRAME_BAD',
    `a batch has ${count} messages and ${records.length} bytes; the limits are ${LIMITS.batchMessages} and ${LIMITS.largeBatchBytes}`,
  );
}
