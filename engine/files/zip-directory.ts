import { constants, createWriteStream } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { type AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { cancelled, type FoundFile, type WalkedEntry, walkDirectory } from './directory-walk.ts';
import { errorAbout, readError, writeError } from './disk-errors.ts';

/** Twice as fast as the default 6, and a few percent larger: on a local network, compression is the slow part. */
const COMPRESSION_LEVEL = 3;

export interface ZipOptions {
  readonly directory: string | Buffer;
  /** Must not exist. It will be readable for its owner only. */
  readonly targetFile: string;
  readonly signal: AbortSignal;
  /** Default: LIMITS.packedEntries. */
  readonly entriesMax?: number;
  /** Called before anything is written. What it throws, packing throws. */
  onFound?(totalBytes: number): Promise<void>;
  onProgress(progress: { readonly doneBytes: number; readonly totalBytes: number }): void;
}

export interface Zipped {
  readonly sizeBytes: number;
  readonly entries: number;
  /** Links and special files, which are not in the archive. */
  readonly skipped: number;
  /** Entries whose names are not UTF-8; the archive has readable names for them. */
  readonly renamed: number;
}

/**
 * Packs the contents of a directory (without the directory itself, as in Python) into a new zip file. Memory is bounded
 * by the number of entries. A failure or a cancellation leaves no file.
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_CHANGED, AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE,
 * AIOC_CANCELLED
 */
export async function zipDirectory(options: ZipOptions): Promise<Zipped> {
  const found = await walkDirectory(options.directory, options.signal, options.entriesMax);
  await options.onFound?.(found.totalBytes);
  await writeArchive(found, options);
  const { size } = await stat(options.targetFile);
  return {
    sizeBytes: size,
    entries: found.files.length + found.emptyDirectories.length,
    skipped: found.skipped,
    renamed: found.renamed,
  };
}

async function writeArchive(
  found: WalkedEntry,
  { targetFile, signal, onProgress }: ZipOptions,
): Promise<void> {
  const zip = new yazl.ZipFile();
  const output = zip.outputStream as Readable;
  let current: Readable | undefined;
  let doneBytes = 0;
  const fail = (error: Error): void => void output.destroy(error);
  zip.on('error', fail);
  for (const { name, modifiedAt } of found.emptyDirectories)
    zip.addEmptyDirectory(name, { mtime: modifiedAt });
  for (const file of found.files) {
    const mode = constants.S_IFREG | (file.mode & 0o777);
    const about = { mtime: file.modifiedAt, mode, compressionLevel: COMPRESSION_LEVEL };
    // Lazily: each file is opened only after the previous one is packed.
    zip.addReadStreamLazy(file.name, about, (begin) => {
      const onRead = (bytes: number): void => {
        doneBytes += bytes;
        onProgress({ doneBytes, totalBytes: found.totalBytes });
      };
      current = Readable.from(readFound(file, onRead), { objectMode: false });
      current.on('error', fail);
      begin(null, current);
    });
  }
  zip.end();
  let made = false;
  try {
    const target = createWriteStream(targetFile, { flags: 'wx', mode: 0o600 });
    target.once('open', () => {
      made = true;
    });
    await pipeline(output, target, { signal });
  } catch (error) {
    current?.destroy();
    if (made) await unlink(targetFile).catch(() => undefined);
    throw signal.aborted ? cancelled() : writeError(targetFile, error);
  }
}

async function* readFound(file: FoundFile, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // It became a link after it was found.
    throw systemCode(error) === 'ELOOP' ? changed(file) : readError(file.path.toString(), error);
  }
  try {
    const now = await handle.stat();
    if (!now.isFile()) throw changed(file);
    // A growing file is packed up to the size at which it was found, so that packing ends.
    for (let at = 0; at < file.sizeBytes; ) {
      const length = Math.min(LIMITS.fileChunkBytes, file.sizeBytes - at);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, at);
      if (bytesRead === 0) throw changed(file);
      at += bytesRead;
      onRead(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw readError(file.path.toString(), error);
  } finally {
    await handle.close();
  }
}

function changed(file: FoundFile): AiocError {
  return errorAbout(
    file.path.toString(),
    'AIOC_FILE_CHANGED',
    (shown) =>
      `${shown} changed while its directory was being packed. Send it again when no program writes to it.`,
  );
}
