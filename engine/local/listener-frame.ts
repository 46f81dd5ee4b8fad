import type { Frame } from '../protocol/frame-decoder.ts';
import { encodeFrame } from '../protocol/frame-encoder.ts';

/**
 * Converts a received message for its listener: removes header keys that only connectors need, and keeps all other bytes
 * (PROTOCOL §1, §3).
 *
 * @param sourceId the sender's name, added if the frame has none
 */
export function listenerFrame(frame: Frame, sourceId: string): Buffer {
  const { header, headerBytes, data, binary } = frame;
  const withBinary = binary.length > 0;
  const unchanged = header['source_id'] !== undefined && (header['with_binary'] === true) === withBinary;
  const cutBytes = unchanged ? transportIdBytes(frame) : undefined;
  if (cutBytes === undefined) {
    const { transport_id: _transport, with_binary: _binary, ...rest } = header;
    const kept = { source_id: sourceId, ...rest, message_type: header.message_type };
    return encodeFrame({ header: withBinary ? { ...kept, with_binary: true } : kept, data, binary });
  }
  const keptBytes = headerBytes.length - cutBytes;
  const lengthBytes = 2 + keptBytes + 4 + data.length + (withBinary ? 4 + binary.length : 0);
  const forwarded = Buffer.allocUnsafe(4 + lengthBytes);
  let at = forwarded.writeUInt32LE(lengthBytes, 0);
  at = forwarded.writeUInt16LE(keptBytes, at);
  at += headerBytes.copy(forwarded, at, cutBytes);
  // Restore the opening brace if the start was cut off.
  forwarded[at - keptBytes] = OPEN_BRACE;
  at = forwarded.writeUInt32LE(data.length, at);
  at += data.copy(forwarded, at);
  if (withBinary) binary.copy(forwarded, forwarded.writeUInt32LE(binary.length, at));
  return forwarded;
}

/**
 * The number of bytes to cut off the start of a header to remove transport_id, which aioc puts first: 0 if there is none,
 * undefined if it is elsewhere or the header is not that simple.
 */
function transportIdBytes({ header, headerBytes }: Frame): number | undefined {
  const transportId = header['transport_id'];
  if (transportId === undefined) return 0;
  // An id that needs escaping does not match and is removed the slow way.
  const member = `{"transport_id": ${typeof transportId === 'string' ? `"${transportId}"` : transportId}, `;
  const begins = headerBytes.toString('latin1', 0, member.length) === member;
  const again = headerBytes.indexOf(KEY, member.length) >= 0 || headerBytes.indexOf(BACKSLASH) >= 0;
  // Keep one byte for the brace.
  return begins && !again ? member.length - 1 : undefined;
}

const KEY = Buffer.from('transport_id"');
const OPEN_BRACE = 0x7b;
const BACKSLASH = 0x5c;
