import type { Header } from '../protocol/header.ts';

/** A message as a queue keeps it. */
export interface MessageParts {
  readonly header: Header;
  /** The header as it came, where that says the same: then it need not be written anew. */
  readonly forwardedHeader?: Buffer;
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary?: Buffer;
}

/** Raised when the layout below changes. */
const FORMAT = 1;

/** A message as the bytes of one record: format, then header, data and binary, each behind its length. */
export function packMessage({ header, forwardedHeader, data, binary }: MessageParts): Buffer {
  const headerJson = forwardedHeader ?? Buffer.from(JSON.stringify(header));
  const binaryBytes = binary ?? EMPTY;
  const packed = Buffer.allocUnsafe(1 + 4 + headerJson.length + 4 + data.length + binaryBytes.length);
  let at = packed.writeUInt8(FORMAT, 0);
  at = packed.writeUInt32LE(headerJson.length, at);
  at += headerJson.copy(packed, at);
  at = packed.writeUInt32LE(data.length, at);
  at += data.copy(packed, at);
  binaryBytes.copy(packed, at);
  return packed;
}

/** @throws RangeError when the bytes are not what packMessage makes */
export function unpackMessage(packed: Buffer): MessageParts {
  if (packed[0] !== FORMAT) throw new RangeError(`a message of the unknown format ${packed[0]}`);
  const headerEnd = 5 + packed.readUInt32LE(1);
  const dataEnd = headerEnd + 4 + packed.readUInt32LE(headerEnd);
  if (dataEnd > packed.length) throw new RangeError('a message that is cut off');
  const header = JSON.parse(packed.toString('utf8', 5, headerEnd)) as Header;
  const binary = packed.subarray(dataEnd);
  return { header, data: packed.subarray(headerEnd + 4, dataEnd), ...(binary.length > 0 && { binary }) };
}

const EMPTY = Buffer.alloc(0);
