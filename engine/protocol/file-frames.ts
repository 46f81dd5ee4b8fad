import type { Frame } from './frame-decoder.ts';
import type { FrameParts } from './frame-encoder.ts';
import type { Header, JsonObject } from './header.ts';
import type { OutFrame } from './messages.ts';
import { TRANSFER_KEY } from './transfer-key.ts';

interface OwnParts {
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary?: Buffer | undefined;
}

/**
 * A message followed by `fileBytes` of a file behind the application's binary (PROTOCOL §3). An empty file adds no
 * binary.
 */
export function withFileFrame(
  header: Header,
  parts: OwnParts,
  fileBytes: number,
): FrameParts & { fileBytes: number } {
  return { ...framed(header, parts, fileBytes, {}), fileBytes };
}

/** The same message when its file could not be read. Unlike Python, aioc sets where the application's binary ends. */
export function withoutFileFrame(header: Header, parts: OwnParts, fileError: string): OutFrame {
  return framed(header, parts, 0, { file_error: fileErrorText(fileError) });
}

/**
 * A message to an aioc peer whose file is there already, or will never be (engine/peers/PROTOCOL.md, “Transfers”).
 *
 * @param fileError why there is no file
 */
export function transferredFrame(frame: Frame, transferId: string, fileError: string | undefined): OutFrame {
  const binary = frame.binary.length === 0 ? undefined : frame.binary;
  const about = fileError === undefined ? {} : { file_error: fileErrorText(fileError) };
  const { header, ...parts } = framed(frame.header, { data: frame.data, binary }, 0, about);
  return { ...parts, header: { ...header, [TRANSFER_KEY]: transferId } };
}

/** Shortens the reason, which may contain a long path, so that it fits into LIMITS.headerSpareBytes in any encoding. */
export function fileErrorText(reason: string): string {
  return reason.slice(0, 512);
}

/** The header of a message with a file for a peer, as it will be in the message's frame. */
export function sentHeader(header: Header): Header {
  return { ...header, with_file: withoutOwnKeys(header['with_file'] as JsonObject) };
}

/** The with_file for a peer, without what concerns only this connector (engine/local/accepted-files.ts). */
function withoutOwnKeys(withFile: JsonObject): JsonObject {
  const { any_user: _any, note: _note, copied_from: _copy, in_order: _order, ...sent } = withFile;
  return sent;
}

function framed(header: Header, { data, binary }: OwnParts, fileBytes: number, about: JsonObject): OutFrame {
  const { with_binary: _none, ...rest } = header;
  const ownBytes = binary?.length ?? 0;
  const withFile = {
    ...withoutOwnKeys(header['with_file'] as JsonObject),
    ...about,
    ...(ownBytes > 0 && { binary_offset: ownBytes }),
  };
  return {
    header: {
      ...rest,
      message_type: header.message_type,
      with_file: withFile,
      ...(ownBytes + fileBytes > 0 && { with_binary: true }),
    },
    data,
    ...(binary !== undefined && { binary }),
  };
}
