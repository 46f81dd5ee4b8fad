import { EPOCH_BYTES, type MessageNumber } from '../protocol/message-number.ts';

/** The first byte of a head. */
const VERSION = 1;
export const OUTBOX_HEAD_BYTES = 1 + EPOCH_BYTES + 6;

/** The head of a batch in an outbox's stream: version, epoch, and the number of the first message. */
export function outboxHead({ epoch, seq }: MessageNumber): Buffer {
  const head = Buffer.allocUnsafe(OUTBOX_HEAD_BYTES);
  head.writeUInt8(VERSION, 0);
  bytesOf(epoch).copy(head, 1);
  head.writeUIntLE(seq, 1 + EPOCH_BYTES, 6);
  return head;
}

/** @throws RangeError if the bytes are not a head of `outboxHead` */
export function numberInHead(head: Buffer): MessageNumber {
  if (head[0] !== VERSION || head.length !== OUTBOX_HEAD_BYTES)
    throw new RangeError(`unknown head of ${head.length} bytes, version ${head[0]}`);
  return {
    epoch: head.toString('base64url', 1, 1 + EPOCH_BYTES),
    seq: head.readUIntLE(1 + EPOCH_BYTES, 6),
  };
}

/** Many batches in a row share an epoch. */
let latestEpoch = { text: '', bytes: Buffer.alloc(0) };

function bytesOf(epoch: string): Buffer {
  if (epoch !== latestEpoch.text) latestEpoch = { text: epoch, bytes: Buffer.from(epoch, 'base64url') };
  return latestEpoch.bytes;
}
