import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { shownPath } from './disk-errors.ts';
import { faultOf } from './safe-name.ts';

/** A file or directory of an archive that has passed all checks. */
export interface ArchiveEntry {
  /** Relative, with `/` as separator, without a trailing one. */
  readonly name: string;
  readonly isDirectory: boolean;
  readonly isExecutable: boolean;
  readonly isDeflated: boolean;
  /** Offset of its packed bytes in the archive. */
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly sizeBytes: number;
  readonly crc32: number;
}

export interface CheckedArchive {
  readonly entries: readonly ArchiveEntry[];
  readonly totalBytes: number;
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAGS = 0x0001 | 0x0040 | 0x2000;
const FILE_TYPE_MASK = 0xf000;
const REGULAR_FILE = 0x8000;
const DIRECTORY = 0x4000;

/**
 * Reads the directory of an archive and rejects the whole archive for any unsafe entry: a path that leads outside, a
 * link or special file, duplicate names or a name that is both file and directory, encryption, conflicting local and
 * central headers, overlapping data, too many entries or bytes, or the ratio of a zip bomb.
 * @throws AiocError AIOC_ARCHIVE_BAD with the entry's name
 */
export async function checkArchive(zip: ZipFile): Promise<CheckedArchive> {
  if (zip.entryCount > LIMITS.archiveEntries) throw tooMany();
  // The types say boolean. Before the first entry it is the offset of the central directory.
  const directoryStart = zip.readEntryCursor as unknown as number;
  const paths = new PathTree();
  const entries: ArchiveEntry[] = [];
  const ranges: Range[] = [{ start: directoryStart, end: Number.POSITIVE_INFINITY, name: 'the end' }];
  let totalBytes = 0;
  for await (const raw of zip.eachEntry()) {
    const { name, isDirectory } = checkEntry(raw);
    paths.add(name, isDirectory);
    totalBytes += raw.uncompressedSize;
    if (totalBytes > LIMITS.archiveTotalBytes)
      throw badArchive(
        `exceeds the maximum unpacked size of ${LIMITS.archiveTotalBytes / 2 ** 30} GiB`,
        name,
      );
    const dataStart = await checkLocalHeader(zip, raw, name);
    const dataEnd = dataStart + raw.compressedSize;
    ranges.push({ start: raw.relativeOffsetOfLocalHeader, end: dataEnd, name });
    entries.push({
      name,
      isDirectory,
      isExecutable: ((raw.externalFileAttributes >>> 16) & 0o100) !== 0,
      isDeflated: raw.compressionMethod === DEFLATED,
      dataStart,
      dataEnd,
      sizeBytes: raw.uncompressedSize,
      crc32: raw.crc32,
    });
  }
  checkOverlaps(ranges);
  checkRatio(entries, totalBytes);
  return { entries, totalBytes };
}

/** An AIOC_ARCHIVE_BAD error about one entry, or about the whole archive. */
export function badArchive(reason: string, name?: string): AiocError {
  const about = name === undefined ? 'The archive' : `The archive's entry ${shownPath(name)}`;
  return new AiocError('AIOC_ARCHIVE_BAD', `${about} ${reason}. Nothing was unpacked.`);
}

function checkEntry(raw: Entry): { name: string; isDirectory: boolean } {
  // yauzl is configured not to decode names. The types do not say that these are bytes then.
  const bytes = raw.fileNameRaw;
  const full = yauzl.getFileNameLowLevel(raw.generalPurposeBitFlag, bytes, raw.extraFields, true);
  const isDirectory = full.endsWith('/');
  const name = isDirectory ? full.slice(0, -1) : full;
  checkPath(name, bytes);
  if ((raw.generalPurposeBitFlag & ENCRYPTED_FLAGS) !== 0) throw badArchive('is encrypted', name);
  if (raw.compressionMethod !== STORED && raw.compressionMethod !== DEFLATED)
    throw badArchive(`is compressed with method ${raw.compressionMethod}, which is not supported`, name);
  // Archives of other systems have zero here.
  const type = (raw.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  if (type !== 0 && type !== REGULAR_FILE && type !== DIRECTORY)
    throw badArchive('is a link or a special file', name);
  if ((type === DIRECTORY && !isDirectory) || (type === REGULAR_FILE && isDirectory))
    throw badArchive('has a name and a type that contradict each other (file or directory)', name);
  if (isDirectory && raw.uncompressedSize !== 0) throw badArchive('is a directory with content', name);
  return { name, isDirectory };
}

function checkPath(name: string, bytes: Buffer): void {
  if (name.startsWith('/')) throw badArchive('has an absolute path', name);
  if (/^[a-zA-Z]:/.test(name)) throw badArchive('has a path with a drive letter', name);
  // zip's old code page decodes control characters to symbols, so the bytes are checked too.
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f))
    throw badArchive('has control characters in its name', name);
  if (name.includes('\ufffd')) throw badArchive('has a name that is not valid UTF-8', name);
  if (bytes.length > LIMITS.relativePathBytes || Buffer.byteLength(name) > LIMITS.relativePathBytes)
    throw badArchive(`has a path longer than ${LIMITS.relativePathBytes} bytes`, name);
  for (const part of name.split('/')) {
    const fault = faultOf(part);
    if (fault !== undefined) throw badArchive(`has a path whose part "${part}" ${fault}`, name);
  }
}

/** Measured for the whole archive: one file of zeros among many others is not a bomb. */
function checkRatio(entries: readonly ArchiveEntry[], totalBytes: number): void {
  const packed = ({ dataStart, dataEnd }: ArchiveEntry): number => dataEnd - dataStart;
  const packedBytes = entries.reduce((total, entry) => total + packed(entry), 0);
  if (totalBytes <= LIMITS.archiveRatioFromBytes || totalBytes <= packedBytes * LIMITS.archiveRatio) return;
  const excess = (entry: ArchiveEntry): number => entry.sizeBytes - packed(entry) * LIMITS.archiveRatio;
  const worst = entries.reduce((left, right) => (excess(right) > excess(left) ? right : left));
  throw badArchive(`unpacks to more than ${LIMITS.archiveRatio} times its size, like a zip bomb`, worst.name);
}

/** Other unpackers may use the other header, so both must agree. */
async function checkLocalHeader(zip: ZipFile, raw: Entry, name: string): Promise<number> {
  const local = await zip.readLocalFileHeaderPromise(raw).catch((error: Error) => {
    throw badArchive(`is damaged: ${error.message}`, name);
  });
  const same =
    local.fileName.equals(raw.fileNameRaw) &&
    local.compressionMethod === raw.compressionMethod &&
    (local.generalPurposeBitFlag & ENCRYPTED_FLAGS) === 0;
  if (!same) throw badArchive('has two headers that contradict each other', name);
  return local.fileDataStart;
}

/** Entries that share data make a small archive unpack to a full disk. */
function checkOverlaps(ranges: Range[]): void {
  ranges.sort((left, right) => left.start - right.start);
  let previous: Range | undefined;
  for (const range of ranges) {
    if (previous !== undefined && range.start < previous.end) {
      const blamed = previous.end === Number.POSITIVE_INFINITY ? range : previous;
      throw badArchive('shares its data with another', blamed.name);
    }
    previous = range;
  }
}

/** All paths of an archive and their parent directories, to detect conflicts. */
class PathTree {
  readonly #kinds = new Map<string, 'file' | 'directory' | 'implied directory'>();

  add(name: string, isDirectory: boolean): void {
    const known = this.#kinds.get(name);
    if (known !== undefined && !(known === 'implied directory' && isDirectory))
      throw badArchive('occurs twice', name);
    this.#kinds.set(name, isDirectory ? 'directory' : 'file');
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const above = name.slice(0, end);
      const kind = this.#kinds.get(above);
      if (kind === 'file') throw badArchive('is a file and a directory at once', above);
      if (kind !== undefined) break;
      this.#kinds.set(above, 'implied directory');
    }
    // Parent directories count: ten thousand deep paths could imply millions.
    if (this.#kinds.size > LIMITS.archiveEntries) throw tooMany();
  }
}

function tooMany(): AiocError {
  return badArchive(`has more than ${LIMITS.archiveEntries} files and directories`);
}
