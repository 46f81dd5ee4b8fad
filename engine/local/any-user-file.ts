import { openForAnyUser } from '../files/world-readable-file.ts';
import { fileErrorText } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { headerText, type JsonObject } from '../protocol/header.ts';

/** Whether a message takes a file along that has yet to be read. */
export function namesFile({ header }: Frame): boolean {
  const withFile = header['with_file'];
  return typeof withFile === 'object' && withFile !== null && !Array.isArray(withFile);
}

/**
 * A message of a program that may be any user's: it may name no file but one that all may read, now and again when it is
 * sent, and has none deleted.
 *
 * @returns the message, marked, so that this holds whatever the configuration is when it is sent
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE
 */
export async function checkedForAnyUser(frame: Frame): Promise<Frame> {
  const withFile = frame.header['with_file'] as JsonObject;
  if (withFile['file_error'] !== undefined) return frame;
  const file = await openForAnyUser(String(withFile['src_path'] ?? ''));
  await file.close();
  return withFileOf(frame, { ...withFile, delete: false, any_user: true });
}

/**
 * The message without its file, and why (PROTOCOL §3).
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE when that does not fit into its header
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
