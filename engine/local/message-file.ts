import { fileErrorText } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type Header, headerText, type JsonObject } from '../protocol/header.ts';

/** Whether a message names a file. */
export function namesFile({ header }: Frame): boolean {
  const withFile = header['with_file'];
  return typeof withFile === 'object' && withFile !== null && !Array.isArray(withFile);
}

/**
 * The message without its file, with the reason in its header (PROTOCOL §3).
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE if the reason does not fit into the header
 */
export function withoutFile(frame: Frame, reason: string): Frame {
  const ownBytes = frame.binary.length;
  const about = { file_error: fileErrorText(reason), ...(ownBytes > 0 && { binary_offset: ownBytes }) };
  return withFileOf(frame, { ...(frame.header['with_file'] as JsonObject), ...about });
}

export function withFileOf(frame: Frame, withFile: JsonObject): Frame {
  return frameWithHeader(frame, { ...frame.header, with_file: withFile });
}

export function frameWithHeader(frame: Frame, header: Header): Frame {
  return { ...frame, header, headerBytes: Buffer.from(headerText(header), 'latin1') };
}
