import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { TransferSource } from '../queues/outgoing-body.ts';
import { errorAbout, readError } from './disk-errors.ts';
import { meantPath, outgoingName } from './lossy-path.ts';
import { changed, type FileIdentity, identityOf, isSame, readFully, SENT_MODE } from './transfer-source.ts';

export interface SourceOptions {
  /** Throws if the opened file must not be sent. */
  readonly admit?: (handle: FileHandle, found: Stats) => Promise<void>;
  /** Of the time when the message was accepted. */
  readonly identity?: FileIdentity | undefined;
}

const NOTHING_LEFT_OUT = { count: 0, first: [] };

/**
 * Opens a regular file to send it.
 *
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD, AIOC_FILE_CHANGED
 */
export async function openFileSource(
  path: string,
  { admit, identity }: SourceOptions = {},
): Promise<TransferSource> {
  const meant = await meantPath(path);
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    handle = await open(meant, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) throw notAFile(path, found);
    await admit?.(handle, found);
    if (identity !== undefined && !isSame(identity, identityOf(found))) throw changed(path);
    return new RegularFileSource({ path, name: outgoingName(path, meant), handle, found });
  } catch (error) {
    await handle?.close();
    throw readError(path, error);
  }
}

class RegularFileSource implements TransferSource {
  readonly kind = 'file';
  readonly name: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly leftOut = NOTHING_LEFT_OUT;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #identity: FileIdentity;

  constructor({
    path,
    name,
    handle,
    found,
  }: { path: string; name: string; handle: FileHandle; found: Stats }) {
    this.name = name;
    this.sizeBytes = found.size;
    this.mode = found.mode & SENT_MODE;
    this.mtimeMs = Math.trunc(found.mtimeMs);
    this.#path = path;
    this.#handle = handle;
    this.#identity = identityOf(found);
  }

  async *read(from: number): AsyncGenerator<Buffer> {
    for (let at = from; at < this.sizeBytes; ) {
      const piece = LIMITS.transferPieceBytes;
      const end = Math.min(this.sizeBytes, (Math.floor(at / piece) + 1) * piece);
      const chunk = await readFully(this.#handle, { path: this.#path, at, length: end - at });
      at = end;
      yield chunk;
    }
    if (!isSame(this.#identity, identityOf(await this.#handle.stat()))) throw changed(this.#path);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function notAFile(path: string, stats: Stats): AiocError {
  const kind = stats.isDirectory() ? 'a directory' : 'a device, a pipe or a socket, not a regular file';
  return errorAbout(
    path,
    'AIOC_FILE_UNREADABLE',
    (shown) => `Cannot send ${shown} as a file: it is ${kind}.`,
  );
}
