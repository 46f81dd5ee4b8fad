import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { AiocError } from '../base/errors.ts';
import type { Randomness } from '../base/ports.ts';
import { type ArchiveEntry, badArchive, type CheckedArchive, checkArchive } from './archive-check.ts';
import { ArchiveReader } from './archive-reader.ts';
import { cancelled } from './directory-walk.ts';
import { readError, writeError } from './disk-errors.ts';
import { requireSpace } from './disk-space.ts';
import { placeDirectory } from './free-name.ts';
import { meantPath, outgoingName } from './lossy-path.ts';
import { faultOf, PARTIAL_PREFIX } from './safe-name.ts';

export interface UnzipOptions {
  readonly archive: string;
  /** The parent of the new directory; it must exist. */
  readonly intoDirectory: string;
  readonly random: Randomness;
  readonly signal?: AbortSignal;
}

export interface Unzipped {
  readonly entries: number;
  readonly bytes: number;
  /** The new directory: the archive's name without `.zip`, or `name (2)` if that is taken. */
  readonly directory: string;
}

/** Subject to the user's umask; never writable by others. */
const UNPACKED_DIRECTORY = 0o755;
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;

/**
 * Unpacks an archive into a new directory. All entries are checked before the first is unpacked. The directory is
 * hidden until it is complete, so a failure leaves nothing.
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_ARCHIVE_BAD (with the entry's name), AIOC_FILE_WRITE,
 * AIOC_CANCELLED
 */
export async function unzipSafely(options: UnzipOptions): Promise<Unzipped> {
  const meant = await meantPath(options.archive);
  const handle = await openArchive(options.archive, meant);
  try {
    const { size } = await handle.stat();
    const reader = new ArchiveReader(handle, size);
    const checked = await readDirectory(reader, size);
    await requireSpace(options.intoDirectory, checked.totalBytes);
    const directory = await unpack(reader, checked, {
      ...options,
      name: directoryNameFor(outgoingName(options.archive, meant)),
    });
    return { entries: checked.entries.length, bytes: checked.totalBytes, directory };
  } finally {
    await handle.close();
  }
}

async function openArchive(path: string, meant: string | Buffer): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(meant, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw readError(path, error);
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw readError(path, new Error('it is not a regular file'));
}

async function readDirectory(reader: ArchiveReader, sizeBytes: number): Promise<CheckedArchive> {
  try {
    // Our own check decodes names, and needs their bytes.
    const options = { decodeStrings: false, validateEntrySizes: true, autoClose: false };
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, sizeBytes, options);
    return await checkArchive(zip);
  } catch (error) {
    if (error instanceof AiocError) throw error;
    throw new AiocError('AIOC_ARCHIVE_BAD', `${damageOf(error)} Nothing was unpacked.`, { cause: error });
  }
}

/** In aioc's words where the file is none; the words of the library name what in it is wrong. */
function damageOf(error: unknown): string {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\.+$/, '');
  return /end of central directory/i.test(reason)
    ? 'It is not a zip archive, or its end is missing.'
    : `The archive is damaged: ${reason}.`;
}

async function unpack(
  reader: ArchiveReader,
  { entries }: CheckedArchive,
  { name, intoDirectory, random, signal }: UnzipOptions & { readonly name: string },
): Promise<string> {
  const hidden = join(intoDirectory, PARTIAL_PREFIX + random.bytes(12).toString('hex'));
  const content = join(hidden, 'content');
  try {
    // Only the owner can look into the hidden directory. Its contents get modes according to the user's umask.
    await mkdir(hidden, { mode: 0o700 });
    await mkdir(content, { mode: UNPACKED_DIRECTORY });
    for (const entry of entries) await unpackEntry({ reader, entry, content, signal });
    const nested = entries.length > 0 && entries.every((entry) => isWithin(entry, name));
    const from = nested ? join(content, name) : content;
    return (await placeDirectory({ from, directory: intoDirectory, name })).path;
  } catch (error) {
    throw writeError(join(intoDirectory, name), error);
  } finally {
    await rm(hidden, { recursive: true, force: true });
  }
}

interface Unpacking {
  readonly reader: ArchiveReader;
  readonly entry: ArchiveEntry;
  /** The directory for the contents of the archive. */
  readonly content: string;
  readonly signal: AbortSignal | undefined;
}

async function unpackEntry({ reader, entry, content, signal }: Unpacking): Promise<void> {
  if (signal?.aborted) throw cancelled();
  const path = join(content, entry.name);
  await mkdir(entry.isDirectory ? path : dirname(path), { recursive: true, mode: UNPACKED_DIRECTORY });
  if (entry.isDirectory) return;
  const handle = await open(path, NEW_FILE, entry.isExecutable ? 0o755 : 0o644);
  try {
    const packed = reader.range(entry.dataStart, entry.dataEnd);
    const store = (unpacked: AsyncIterable<Buffer>): Promise<void> =>
      storeEntry(unpacked, { entry, handle, signal });
    if (entry.isDeflated) await pipeline(packed, createInflateRaw(), store);
    else await store(packed);
  } catch (error) {
    // An error of zlib about damaged data.
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'string' && code.startsWith('Z_'))
      throw badArchive(`is damaged: ${(error as Error).message}`, entry.name);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Writes the unpacked bytes of an entry. Stops if they differ from what the archive announced. */
async function storeEntry(
  unpacked: AsyncIterable<Buffer>,
  { entry, handle, signal }: Pick<Unpacking, 'entry' | 'signal'> & { readonly handle: FileHandle },
): Promise<void> {
  let sizeBytes = 0;
  let checksum = 0;
  for await (const chunk of unpacked) {
    if (signal?.aborted) throw cancelled();
    sizeBytes += chunk.length;
    if (sizeBytes > entry.sizeBytes) throw badArchive('is larger than it says', entry.name);
    checksum = crc32(chunk, checksum);
    for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
  }
  if (sizeBytes < entry.sizeBytes) throw badArchive('is smaller than it says', entry.name);
  if (checksum !== entry.crc32) throw badArchive('is damaged: its checksum differs', entry.name);
}

function isWithin({ name, isDirectory }: ArchiveEntry, directory: string): boolean {
  return name.startsWith(`${directory}/`) || (isDirectory && name === directory);
}

function directoryNameFor(archiveName: string): string {
  const name = archiveName.replace(/\.zip$/i, '');
  return faultOf(name) === undefined ? name : 'archive';
}
