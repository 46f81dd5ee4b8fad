import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { errorAbout, readError } from './disk-errors.ts';
import { meantPath, outgoingName } from './lossy-path.ts';

/** An open file that will be sent. Close it in any case. */
export interface OutgoingFile {
  readonly name: string;
  /** The size to announce: `chunks` returns exactly this many bytes, or fails. */
  readonly sizeBytes: number;
  /** Its permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
  /**
   * The bytes, in chunks of LIMITS.fileChunkBytes, read on demand. It fails before the last chunk for a file that became
   * longer or was rewritten, and earlier for one that became shorter: who gets the bytes never gets all of them.
   * @throws AiocError AIOC_FILE_CHANGED, AIOC_FILE_UNREADABLE
   */
  chunks(): AsyncIterable<Buffer>;
  /** The bytes from `start` to `end`, as `chunks`. */
  range(start: number, end: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a file to send it. Links are followed, since the path is the user's own. A name that is not UTF-8 is found by
 * its readable part.
 * @param admit throws if the opened file must not be sent
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD
 */
export async function openOutgoing(
  path: string,
  admit: (handle: FileHandle, found: Stats) => Promise<void> = async () => undefined,
): Promise<OutgoingFile> {
  const meant = await meantPath(path);
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    handle = await open(meant, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw readError(path, error);
  }
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw notAFile(path, before);
    await admit(handle, before);
    return {
      name: outgoingName(path, meant),
      sizeBytes: before.size,
      mode: before.mode & 0o777,
      mtimeMs: Math.trunc(before.mtimeMs),
      chunks: () => readRange({ path, handle, before }, 0, before.size),
      range: (start, end) => readRange({ path, handle, before }, start, end),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw readError(path, error);
  }
}

interface OpenedFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly before: Stats;
}

async function* readRange(file: OpenedFile, start: number, end: number): AsyncGenerator<Buffer> {
  const { path, handle } = file;
  for (let at = start; at < end; ) {
    const chunk = await readFully(path, handle, at, Math.min(LIMITS.fileChunkBytes, end - at));
    at += chunk.length;
    if (at === end) await checkUnchanged(file);
    yield chunk;
  }
}

async function checkUnchanged({ path, handle, before }: OpenedFile): Promise<void> {
  const after = await handle.stat();
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path);
}

async function readFully(path: string, handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length; ) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(chunk, filled, length - filled, from + filled));
    } catch (error) {
      throw readError(path, error);
    }
    if (bytesRead === 0) throw changed(path);
    filled += bytesRead;
  }
  return chunk;
}

function changed(path: string): AiocError {
  return errorAbout(
    path,
    'AIOC_FILE_CHANGED',
    (shown) => `${shown} changed while it was being sent. Send it again when no program writes to it.`,
  );
}

function notAFile(path: string, stats: Stats): AiocError {
  const kind = stats.isDirectory() ? 'a directory' : 'a device, a pipe or a socket, not a regular file';
  return errorAbout(
    path,
    'AIOC_FILE_UNREADABLE',
    (shown) => `Cannot send ${shown} as a file: it is ${kind}.`,
  );
}
