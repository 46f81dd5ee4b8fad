import { type Header, pythonJson } from '../../engine/protocol/header.ts';
import type { MessageNumber } from '../../engine/protocol/message-number.ts';

/** A record of an outbox as versions without batches stored it. */
export function oldOutgoingRecord(message: {
  readonly header: Header;
  readonly data: Buffer;
  readonly binary?: Buffer;
  readonly number?: MessageNumber;
}): Buffer {
  const { header, data, binary = Buffer.alloc(0), number } = message;
  const headerBytes = Buffer.from(pythonJson(header), 'latin1');
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(headerBytes.length, 0);
  lengths.writeUInt32LE(data.length, 4);
  const parts = [lengths.subarray(0, 4), headerBytes, lengths.subarray(4), data, binary];
  if (number === undefined) return Buffer.concat([Buffer.from([1]), ...parts]);
  const seq = Buffer.alloc(6);
  seq.writeUIntLE(number.seq, 0, 6);
  return Buffer.concat([Buffer.from([2]), Buffer.from(number.epoch, 'base64url'), seq, ...parts]);
}
