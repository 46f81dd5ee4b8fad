import { recordHeader } from '../protocol/batched-messages.ts';
import { type Header, parseHeader } from '../protocol/header.ts';
import { EPOCH_BYTES, type MessageNumber } from '../protocol/message-number.ts';
import { batchOfOne, type MessageBatch } from './message-batch.ts';

/** A message as versions without batches have stored it. */
export interface OldMessage {
  /** With all keys, as for a peer or a program. */
  readonly header: Header;
  readonly batch: MessageBatch;
  readonly number?: MessageNumber | undefined;
}

/** The first byte of an old record of an outbox: whether the message's number follows. */
const UNNUMBERED = 1;
const NUMBERED = 2;
const NUMBER_BYTES = EPOCH_BYTES + 6;

/**
 * Reads an outbox's record of a version without batches: format, number, header, data and binary, the header and data
 * each after its length.
 *
 * @throws RangeError if the bytes are not such a record
 */
export function readOldOutgoing(record: Buffer): OldMessage {
  const [format] = record;
  if (format !== UNNUMBERED && format !== NUMBERED) throw new RangeError(`unknown record format ${format}`);
  const headerAt = 1 + (format === NUMBERED ? NUMBER_BYTES : 0) + 4;
  const headerEnd = headerAt + record.readUInt32LE(headerAt - 4);
  const dataEnd = headerEnd + 4 + record.readUInt32LE(headerEnd);
  if (dataEnd > record.length) throw new RangeError('the record is truncated');
  const header = parseHeader(record.subarray(headerAt, headerEnd));
  const batch = batchOfOne({
    headerBytes: recordHeader(header),
    data: record.subarray(headerEnd + 4, dataEnd),
    binary: record.subarray(dataEnd),
  });
  return { header, batch, number: format === NUMBERED ? numberAt(record, 1) : undefined };
}

function numberAt(record: Buffer, at: number): MessageNumber {
  const epoch = record.toString('base64url', at, at + EPOCH_BYTES);
  return { epoch, seq: record.readUIntLE(at + EPOCH_BYTES, 6) };
}

/** Reads an inbox's record of a version without batches: the whole frame for the listener (PROTOCOL §1). */
export function readOldIncoming(frame: Buffer): OldMessage {
  const headerEnd = HEADER_AT + frame.readUInt16LE(HEADER_AT - 2);
  const header = parseHeader(frame.subarray(HEADER_AT, headerEnd));
  const dataAt = headerEnd + 4;
  const dataEnd = dataAt + frame.readUInt32LE(headerEnd);
  const batch = batchOfOne({
    headerBytes: recordHeader(header),
    data: frame.subarray(dataAt, dataEnd),
    binary: header['with_binary'] === true ? frame.subarray(dataEnd + 4) : undefined,
  });
  return { header, batch };
}

/** After the lengths of the frame and of the header. */
const HEADER_AT = 6;
