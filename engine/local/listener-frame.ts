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
  // What the header began with, where something has been cut off.
  forwarded[at - keptBytes] = OPEN_BRACE;
  at = forwarded.writeUInt32LE(data.length, at);
  at += data.copy(forwarded, at);
  if (withBinary) binary.copy(forwarded, forwarded.writeUInt32LE(binary.length, at));
  return forwarded;
}

/**
 * How much has to be cut off the beginning of a header so that it has no transport_id, which is where aioc puts it: 0
 * where it has none, undefined where it stands elsewhere or it is not that simple.
 */
function transportIdBytes({ header, headerBytes }: Frame): number | undefined {
  const transportId = header['transport_id'];
  if (transportId === undefined) return 0;
  // One that has to be escaped does not stand there like this, and is cut off the slow way.
  const member = `{"transport_id": ${typeof transportId === 'string' ? `"${transportId}"` : transportId}, `;
  const begins = headerBytes.toString('latin1', 0, member.length) === member;
  const again = headerBytes.indexOf(KEY, member.length) >= 0 || headerBytes.indexOf(BACKSLASH) >= 0;
  // The brace stays, in the place of what stood before the next member.
  return begins && !again ? member.length - 1 : undefined;
}

const KEY = Buffer.from('transport_id"');
const OPEN_BRACE = 0x7b;
const BACKSLASH = 0x5c;
