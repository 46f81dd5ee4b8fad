import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { shownPath } from './disk-errors.ts';
import { faultOf } from './safe-name.ts';

/** One file or directory of an archive that has passed every check. */
export interface ArchiveEntry {
  /** Relative, with `/`, without one at its end. */
  readonly name: string;
  readonly isDirectory: boolean;
  readonly isExecutable: boolean;
  readonly isDeflated: boolean;
  /** Where its packed bytes lie in the archive. */
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
 * Reads the whole directory of an archive and refuses the archive for any one entry that is unsafe: a path that leads
 * elsewhere, a link or a special file, a name twice or both file and directory, encryption, local and central headers
 * that disagree, overlapping data, too many entries, too many bytes, or the size of a bomb.
 * @throws AiocError AIOC_ARCHIVE_BAD, naming the entry
 */
export async function checkArchive(zip: ZipFile): Promise<CheckedArchive> {
  if (zip.entryCount > LIMITS.archiveEntries) throw tooMany();
  // The types call it a boolean; before the first entry it is where the central directory begins.
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
      throw badArchive(`brings the unpacked size beyond ${LIMITS.archiveTotalBytes / 2 ** 30} GiB`, name);
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

/** An AIOC_ARCHIVE_BAD about one entry, or about the archive as a whole. */
export function badArchive(reason: string, name?: string): AiocError {
  const about = name === undefined ? 'The archive' : `The archive's entry ${shownPath(name)}`;
  return new AiocError('AIOC_ARCHIVE_BAD', `${about} ${reason}. Nothing was unpacked.`);
}

function checkEntry(raw: Entry): { name: string; isDirectory: boolean } {
  // yauzl was told not to decode names; the types do not know that these are bytes then.
  const bytes = raw.fileNameRaw;
  const full = yauzl.getFileNameLowLevel(raw.generalPurposeBitFlag, bytes, raw.extraFields, true);
  const isDirectory = full.endsWith('/');
  const name = isDirectory ? full.slice(0, -1) : full;
  checkPath(name, bytes);
  if ((raw.generalPurposeBitFlag & ENCRYPTED_FLAGS) !== 0) throw badArchive('is encrypted', name);
  if (raw.compressionMethod !== STORED && raw.compressionMethod !== DEFLATED)
    throw badArchive(`is packed by method ${raw.compressionMethod}, which is not supported`, name);
  // Whatever system the archive says it was made on: what is not a Unix mode is zero here.
  const type = (raw.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  if (type !== 0 && type !== REGULAR_FILE && type !== DIRECTORY)
    throw badArchive('is a link or a special file', name);
  if ((type === DIRECTORY && !isDirectory) || (type === REGULAR_FILE && isDirectory))
    throw badArchive('is a file by its name and a directory by its type, or the other way round', name);
  if (isDirectory && raw.uncompressedSize !== 0) throw badArchive('is a directory with content', name);
  return { name, isDirectory };
}

function checkPath(name: string, bytes: Buffer): void {
  if (name.startsWith('/')) throw badArchive('has an absolute path', name);
  if (/^[a-zA-Z]:/.test(name)) throw badArchive('has a path with a drive letter', name);
  // In the old code page of zip, control characters decode to pictures: so the bytes are looked at, too.
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f))
    throw badArchive('has control characters in it', name);
  if (name.includes('\ufffd')) throw badArchive('has a name that is not valid UTF-8', name);
  if (bytes.length > LIMITS.relativePathBytes || Buffer.byteLength(name) > LIMITS.relativePathBytes)
    throw badArchive(`has a path longer than ${LIMITS.relativePathBytes} bytes`, name);
  for (const part of name.split('/')) {
    const fault = faultOf(part);
    if (fault !== undefined) throw badArchive(`has a path whose part "${part}" ${fault}`, name);
  }
}

/** Measured over the whole archive: one file of zeros among many others is no bomb. */
function checkRatio(entries: readonly ArchiveEntry[], totalBytes: number): void {
  const packed = ({ dataStart, dataEnd }: ArchiveEntry): number => dataEnd - dataStart;
  const packedBytes = entries.reduce((total, entry) => total + packed(entry), 0);
  if (totalBytes <= LIMITS.archiveRatioFromBytes || totalBytes <= packedBytes * LIMITS.archiveRatio) return;
  const excess = (entry: ArchiveEntry): number => entry.sizeBytes - packed(entry) * LIMITS.archiveRatio;
  const worst = entries.reduce((left, right) => (excess(right) > excess(left) ? right : left));
  throw badArchive(`unpacks to more than ${LIMITS.archiveRatio} times its size, like a bomb`, worst.name);
}

/** Two readers of an archive may go by different headers; here both must say the same. */
async function checkLocalHeader(zip: ZipFile, raw: Entry, name: string): Promise<number> {
  const local = await zip.readLocalFileHeaderPromise(raw).catch((error: Error) => {
    throw badArchive(`is damaged: ${error.message}`, name);
  });
  const same =
    local.fileName.equals(raw.fileNameRaw) &&
    local.compressionMethod === raw.compressionMethod &&
    (local.generalPurposeBitFlag & ENCRYPTED_FLAGS) === 0;
  if (!same) throw badArchive('is described differently in two places', name);
  return local.fileDataStart;
}

/** Data that serves several entries at once is how a small archive unpacks to a disk full. */
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

/** All paths of an archive with the directories that they imply, so that no two of them are in each other's way. */
class PathTree {
  readonly #kinds = new Map<string, 'file' | 'directory' | 'implied directory'>();

  add(name: string, isDirectory: boolean): void {
    const known = this.#kinds.get(name);
    if (known !== undefined && !(known === 'implied directory' && isDirectory))
      throw badArchive('is in it twice', name);
    this.#kinds.set(name, isDirectory ? 'directory' : 'file');
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const above = name.slice(0, end);
      const kind = this.#kinds.get(above);
      if (kind === 'file') throw badArchive('is a file and a directory at once', above);
      if (kind !== undefined) break;
      this.#kinds.set(above, 'implied directory');
    }
    // Implied directories count: ten thousand deep paths would imply millions of them.
    if (this.#kinds.size > LIMITS.archiveEntries) throw tooMany();
  }
}

function tooMany(): AiocError {
  return badArchive(`holds more than ${LIMITS.archiveEntries} files and directories`);
}
