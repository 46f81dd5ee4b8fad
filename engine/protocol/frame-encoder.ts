import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { type Header, headerText } from './header.ts';

export interface FrameParts {
  readonly header: Header;
  /** The same header as bytes, if known; it must not contain a transport_id if one is prepended. */
  readonly headerBytes?: Buffer | undefined;
  /** Prepended to the header, and replaces one in it: letters, digits, `-`, `_` and `.` only. */
  readonly transportId?: string | undefined;
  readonly data: Buffer;
  /** The application's binary; written only if header.with_binary is true. */
  readonly binary?: Buffer | undefined;
  /** Size of the file that the caller writes itself, directly after the returned bytes. */
  readonly fileBytes?: number;
}

/**
 * Encodes one frame, or its beginning if a file's bytes follow (PROTOCOL §1).
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE if a length does not fit its field
 */
export function encodeFrame(parts: FrameParts): Buffer {
  const { data, binary = EMPTY } = parts;
  const withBinary = parts.header['with_binary'] === true;
  const moreBytes = data.length + (withBinary ? 4 + binary.length : 0);
  const { frame, at } = frameHead(parts, moreBytes);
  const end = at + data.copy(frame, at);
  if (withBinary) binary.copy(frame, frame.writeUInt32LE(binary.length + (parts.fileBytes ?? 0), end));
  return frame;
}

/** The same in pieces, without copying the data; a binary is not copied either, but the data before it is. */
export function encodeFramePieces(parts: FrameParts): readonly [Buffer, Buffer] {
  const { data, binary } = parts;
  if (binary === undefined) return [frameHead(parts, 0).frame, data];
  const { frame, at } = frameHead(parts, data.length + 4);
  frame.writeUInt32LE(binary.length + (parts.fileBytes ?? 0), at + data.copy(frame, at));
  return [frame, binary];
}

/** The frame up to its data, with space for more bytes. `at` is where its data begins. */
function frameHead(parts: FrameParts, moreBytes: number): { readonly frame: Buffer; readonly at: number } {
  const { header, headerBytes, transportId, data, binary = EMPTY, fileBytes = 0 } = parts;
  const withBinary = header['with_binary'] === true;
  if (!withBinary && binary.length + fileBytes > 0) {
    throw new AiocError('AIOC_INTERNAL', 'a frame with a binary needs with_binary in its header');
  }
  const isKnown =
    headerBytes !== undefined &&
    // An object may have leading blanks.
    headerBytes[0] === BRACE &&
    headerBytes.length < LIMITS.headerBytes - TRANSPORT_ID_BYTES;
  const written = isKnown
    ? transportId === undefined
      ? '{'
      : `{"transport_id": "${transportId}", `
    : headerText(transportId === undefined ? header : numbered(header, transportId));
  const headerLength = isKnown ? written.length + headerBytes.length - 1 : written.length;
  const binaryBytes = binary.length + fileBytes;
  const lengthBytes = 2 + headerLength + 4 + data.length + (withBinary ? 4 + binaryBytes : 0);
  if (lengthBytes > LIMITS.frameBytes) {
    throw new AiocError(
      'AIOC_FRAME_TOO_LARGE',
      `${lengthBytes} bytes do not fit into one frame of at most 4 GiB: split the file first`,
    );
  }
  const frame = Buffer.allocUnsafe(4 + 2 + headerLength + 4 + moreBytes);
  let at = frame.writeUInt32LE(lengthBytes, 0);
  at = frame.writeUInt16LE(headerLength, at);
  at += frame.write(written, at, 'latin1');
  if (isKnown) at += headerBytes.copy(frame, at, 1);
  return { frame, at: frame.writeUInt32LE(data.length, at) };
}

/** The space of a transport_id in a header, and a margin. */
const TRANSPORT_ID_BYTES = 96;
const BRACE = 0x7b;
const EMPTY = Buffer.alloc(0);

/** In front, so that the receiver can remove it without rewriting the rest. */
function numbered(header: Header, transport_id: string): Header {
  // A transport_id that a program has set means nothing to the peer.
  const { transport_id: _own, ...rest } = header;
  return { transport_id, ...rest, message_type: header.message_type };
}
