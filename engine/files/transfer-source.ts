import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { AiocError } from '../base/errors.ts';
import { takePieceBuffer } from '../base/piece-buffers.ts';
import { errorAbout, readError } from './disk-errors.ts';

/** What identifies the content of a file: noted when its message is accepted, and compared when it is read. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** Without setuid, setgid, sticky, and the right of others to write. */
export const SENT_MODE = 0o755;

/** @throws AiocError AIOC_FILE_CHANGED if the file is shorter, AIOC_FILE_UNREADABLE */
export async function readFully(
  handle: FileHandle,
  { path, at, length }: { readonly path: string; readonly at: number; readonly length: number },
): Promise<Buffer> {
  const chunk = takePieceBuffer(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle
      .read(chunk, filled, length - filled, at + filled)
      .catch((error: unknown) => {
        throw readError(path, error);
      });
    if (bytesRead === 0) throw changed(path);
    filled += bytesRead;
  }
  return chunk;
}

export function identityOf({ dev, ino, size, mtimeMs }: Stats): FileIdentity {
  return { device: dev, inode: ino, sizeBytes: size, mtimeMs };
}

export function isSame(left: FileIdentity, right: FileIdentity): boolean {
  return (
    left.device === right.device &&
    left.inode === right.inode &&
    left.sizeBytes === right.sizeBytes &&
    left.mtimeMs === right.mtimeMs
  );
}

export function changed(path: string): AiocError {
  return errorAbout(
    path,
    'AIOC_FILE_CHANGED',
    (shown) => `${shown} changed before it was sent completely. Send it again when no program writes to it.`,
  );
}
