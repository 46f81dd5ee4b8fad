import { isAscii } from 'node:buffer';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { type Header, pythonJson } from '../protocol/header.ts';
import { KnownHeaders } from '../protocol/known-headers.ts';
import { EPOCH_BYTES, type MessageNumber } from '../protocol/message-number.ts';

/** A message in a queue. */
export interface MessageParts {
  readonly header: Header;
  /** The header bytes as received, if they say the same and contain no transport_id: then they need no rewriting. */
  readonly forwardedHeader?: Buffer | undefined;
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary?: Buffer | undefined;
  readonly number?: MessageNumber | undefined;
}

/** The first byte of a record: whether the message's number follows. */
const UNNUMBERED = 1;
const NUMBERED = 2;
const NUMBER_BYTES = EPOCH_BYTES + 6;

/** Encodes a message as one record: format, number, then header, data and binary, each after its length. */
export function encodeRecord({ header, forwardedHeader, data, binary, number }: MessageParts): Buffer {
  // A decoded header is sent in Python's spelling, and must have the length that was checked here.
  const isForwardable = forwardedHeader !== undefined && isAscii(forwardedHeader);
  const headerJson = isForwardable ? forwardedHeader : Buffer.from(pythonJson(header), 'latin1');
  const binaryBytes = binary ?? EMPTY;
  const numberBytes = number === undefined ? 0 : NUMBER_BYTES;
  const lengthBytes = 1 + numberBytes + 4 + headerJson.length + 4 + data.length + binaryBytes.length;
  const packed = Buffer.allocUnsafe(lengthBytes);
  let at = packed.writeUInt8(number === undefined ? UNNUMBERED : NUMBERED, 0);
  if (number !== undefined) {
    at += bytesOf(number.epoch).copy(packed, at);
    at = packed.writeUIntLE(number.seq, at, 6);
  }
  at = packed.writeUInt32LE(headerJson.length, at);
  at += headerJson.copy(packed, at);
  at = packed.writeUInt32LE(data.length, at);
  at += data.copy(packed, at);
  binaryBytes.copy(packed, at);
  return packed;
}

/** Why a record could never be sent: its number, and the result of its file, must also fit into the header. */
export function unsendable(packed: Buffer): AiocError | undefined {
  const headerBytes = packed.readUInt32LE(1 + (packed[0] === NUMBERED ? NUMBER_BYTES : 0));
  const most = LIMITS.headerBytes - LIMITS.headerSpareBytes;
  if (headerBytes <= most) return undefined;
  const text = `the header has ${headerBytes} bytes, at most ${most} can be forwarded: send long values as data`;
  return new AiocError('AIOC_FRAME_TOO_LARGE', text);
}

/** Sets the seq of a record; it is known only when the message enters the queue. */
export function renumber(packed: Buffer, seq: number): void {
  packed.writeUIntLE(seq, 1 + EPOCH_BYTES, 6);
}

/** @throws RangeError if the bytes are not a record of encodeRecord */
export function decodeRecord(packed: Buffer): MessageParts {
  const [format] = packed;
  if (format !== UNNUMBERED && format !== NUMBERED) throw new RangeError(`unknown record format ${format}`);
  const headerAt = 1 + (format === NUMBERED ? NUMBER_BYTES : 0) + 4;
  const headerEnd = headerAt + packed.readUInt32LE(headerAt - 4);
  const dataEnd = headerEnd + 4 + packed.readUInt32LE(headerEnd);
  if (dataEnd > packed.length) throw new RangeError('the record is truncated');
  const headerJson = packed.subarray(headerAt, headerEnd);
  const header = HEADERS.parse(headerJson);
  const isForwardable = header['transport_id'] === undefined && isAscii(headerJson);
  return {
    header,
    forwardedHeader: isForwardable ? headerJson : undefined,
    data: packed.subarray(headerEnd + 4, dataEnd),
    binary: dataEnd < packed.length ? packed.subarray(dataEnd) : undefined,
    number: format === NUMBERED ? numberAt(packed, 1) : undefined,
  };
}

const HEADERS = new KnownHeaders();

/** Many messages in a row share an epoch. */
let latestEpoch = { text: '', bytes: Buffer.alloc(0) };

function bytesOf(epoch: string): Buffer {
  if (epoch !== latestEpoch.text) latestEpoch = { text: epoch, bytes: Buffer.from(epoch, 'base64url') };
  return latestEpoch.bytes;
}

function numberAt(packed: Buffer, at: number): MessageNumber {
  const epoch = packed.toString('base64url', at, at + EPOCH_BYTES);
  return { epoch, seq: packed.readUIntLE(at + EPOCH_BYTES, 6) };
}

const EMPTY = Buffer.alloc(0);
