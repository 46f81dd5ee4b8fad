import type { Frame } from '../protocol/frame-decoder.ts';
import { encodeFrame } from '../protocol/frame-encoder.ts';

/**
 * A received message as its listener gets it: without what only connectors need, and otherwise with the very bytes that
 * came (PROTOCOL §1, §3).
 *
 * @param sourceId the sender's name, put in where the frame has none
 */
export function listenerFrame(frame: Frame, sourceId: string): Buffer {
  const { header, headerBytes, data, binary } = frame;
  const withBinary = binary.length > 0;
  const unchanged =
    header['transport_id'] === undefined &&
    header['source_id'] !== undefined &&
    (header['with_binary'] === true) === withBinary;
  if (!unchanged) {
    const { transport_id: _transport, with_binary: _binary, ...rest } = header;
    const kept = { source_id: sourceId, ...rest, message_type: header.message_type };
    return encodeFrame({ header: withBinary ? { ...kept, with_binary: true } : kept, data, binary });
  }
  const lengthBytes = 2 + headerBytes.length + 4 + data.length + (withBinary ? 4 + binary.length : 0);
  const forwarded = Buffer.allocUnsafe(4 + lengthBytes);
  let at = forwarded.writeUInt32LE(lengthBytes, 0);
  at = forwarded.writeUInt16LE(headerBytes.length, at);
  at += headerBytes.copy(forwarded, at);
  at = forwarded.writeUInt32LE(data.length, at);
  at += data.copy(forwarded, at);
  if (withBinary) binary.copy(forwarded, forwarded.writeUInt32LE(binary.length, at));
  return forwarded;
}
