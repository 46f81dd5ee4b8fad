import { type Header, pythonJson } from '../../engine/protocol/header.ts';
import type { MessageNumber } from '../../engine/protocol/message-number.ts';

export interface OldParts {
  readonly header: Header;
  readonly data: Buffer;
  readonly binary?: Buffer;
  readonly number?: MessageNumber;
}

/**
 * A message as the outboxes of versions without batches stored it: a byte for the format, the number if there is one,
 * then header, data and binary, the header and data each after its length.
 */
export function encodeRecord({ header, data, binary = Buffer.alloc(0), number }: OldParts): Buffer {
  const headerJson = Buffer.from(pythonJson(header), 'latin1');
  return Buffer.concat([
    Buffer.from([number === undefined ? 1 : 2]),
    ...(number === undefined ? [] : [Buffer.from(number.epoch, 'base64url'), uint(number.seq, 6)]),
    uint(headerJson.length, 4),
    headerJson,
    uint(data.length, 4),
    data,
    binary,
  ]);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}
