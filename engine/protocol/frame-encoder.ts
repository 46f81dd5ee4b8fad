import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { type Header, headerText } from './header.ts';

export interface FrameParts {
  readonly header: Header;
  /** The header without its transport_id, where its bytes are known; the transport_id is put in front of them. */
  readonly forwardedHeader?: Buffer;
  readonly data: Buffer;
  /** The application's own binary; written only when header.with_binary is true. */
  readonly binary?: Buffer;
  /** Bytes of a file that the caller writes itself, right behind what this returns. */
  readonly fileBytes?: number;
}

/**
 * One frame, or its beginning when a file's bytes follow (PROTOCOL §1).
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE when a length does not fit its field
 */
export function encodeFrame(parts: FrameParts): Buffer {
  const { header, forwardedHeader, data, binary = EMPTY, fileBytes = 0 } = parts;
  const withBinary = header['with_binary'] === true;
  if (!withBinary && binary.length + fileBytes > 0) {
    throw new AiocError('AIOC_INTERNAL', 'a frame with a binary needs with_binary in its header');
  }
  const isKnown =
    forwardedHeader !== undefined &&
    // Blanks may stand before an object.
    forwardedHeader[0] === BRACE &&
    forwardedHeader.length < LIMITS.headerBytes - TRANSPORT_ID_BYTES;
  const written = isKnown
    ? `{"transport_id": ${JSON.stringify(header['transport_id'])}, `
    : headerText(header);
  const headerLength = isKnown ? written.length + forwardedHeader.length - 1 : written.length;
  const binaryBytes = binary.length + fileBytes;
  const lengthBytes = 2 + headerLength + 4 + data.length + (withBinary ? 4 + binaryBytes : 0);
  if (lengthBytes > LIMITS.frameBytes) {
    throw new AiocError(
      'AIOC_FRAME_TOO_LARGE',
      `${lengthBytes} bytes do not fit into one frame of at most 4 GiB: split the file first`,
    );
  }
  const frame = Buffer.allocUnsafe(4 + lengthBytes - fileBytes);
  let at = frame.writeUInt32LE(lengthBytes, 0);
  at = frame.writeUInt16LE(headerLength, at);
  at += frame.write(written, at, 'latin1');
  if (isKnown) at += forwardedHeader.copy(frame, at, 1);
  at = frame.writeUInt32LE(data.length, at);
  at += data.copy(frame, at);
  if (withBinary) {
    at = frame.writeUInt32LE(binaryBytes, at);
    binary.copy(frame, at);
  }
  return frame;
}

/** What a transport_id takes in a header, and a margin. */
const TRANSPORT_ID_BYTES = 64;
const BRACE = 0x7b;
const EMPTY = Buffer.alloc(0);
