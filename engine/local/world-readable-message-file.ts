import { openWorldReadable } from '../files/world-readable-file.ts';
import { fileErrorText } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { headerText, type JsonObject } from '../protocol/header.ts';

/** Whether a message names a file. */
export function namesFile({ header }: Frame): boolean {
  const withFile = header['with_file'];
  return typeof withFile === 'object' && withFile !== null && !Array.isArray(withFile);
}

/**
 * Checks a message of a program that may be of any user: every user must be able to read its file, now and again when it is
 * sent, and the file is not deleted.
 *
 * @returns the message, marked, so that the check is repeated whatever the configuration is when it is sent
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE
 */
export async function withWorldReadableFile(frame: Frame): Promise<Frame> {
  const withFile = frame.header['with_file'] as JsonObject;
  if (withFile['file_error'] !== undefined) return frame;
  const file = await openWorldReadable(String(withFile['src_path'] ?? ''));
  await file.close();
  return withFileOf(frame, { ...withFile, delete: false, any_user: true });
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

function withFileOf(frame: Frame, withFile: JsonObject): Frame {
  const header = { ...frame.header, with_file: withFile };
  return { ...frame, header, headerBytes: Buffer.from(headerText(header), 'latin1') };
}
