import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { readError, shownPath } from './disk-errors.ts';
import { numberedName } from './free-name.ts';
import { readableName } from './lossy-path.ts';
import { checkFileName, PARTIAL_PREFIX } from './safe-name.ts';
import type { EntryInBytes } from './tree-walk.ts';

export interface FoundFile {
  /** Bytes, since a path need not be valid text. */
  readonly path: Buffer;
  /** Relative to the walked directory, with `/` as separator. Parts that are not UTF-8 are made readable. */
  readonly name: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface WalkedEntry {
  readonly files: readonly FoundFile[];
  readonly emptyDirectories: readonly { readonly name: string; readonly modifiedAt: Date }[];
  readonly totalBytes: number;
  /** Links, devices, pipes and sockets, which are skipped. */
  readonly skipped: number;
  /** Files and directories whose names are not UTF-8. */
  readonly renamed: number;
}

/** A directory to walk. */
interface Below {
  readonly path: Buffer;
  readonly name: string;
}

interface Named {
  readonly entry: EntryInBytes;
  /** Readable, and unique in its directory. */
  readonly name: string;
}

/**
 * All regular files below a directory, in the order of their names, and its empty directories. Symbolic links are not
 * followed, except for the directory itself.
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE (with the path; also for more than `entriesMax`),
 * AIOC_FILE_NAME_BAD, AIOC_CANCELLED
 */
export async function walkDirectory(
  directory: string | Buffer,
  signal: AbortSignal,
  entriesMax: number = LIMITS.packedEntries,
): Promise<WalkedEntry> {
  const files: FoundFile[] = [];
  const emptyDirectories: { name: string; modifiedAt: Date }[] = [];
  let skipped = 0;
  let renamed = 0;
  const waiting: Below[] = [{ path: Buffer.from(directory), name: '' }];
  for (let within = waiting.pop(); within !== undefined; within = waiting.pop()) {
    if (signal.aborted) throw cancelled();
    const entries = namedApart(await entriesOf(within.path, entriesMax));
    if (entries.length === 0 && within.name !== '')
      emptyDirectories.push({ name: within.name, modifiedAt: (await stateOf(within.path)).mtime });
    const below: Below[] = [];
    for (const { entry, name: last } of entries) {
      const name = within.name === '' ? last : `${within.name}/${last}`;
      const path = Buffer.concat([within.path, SLASH, entry.name]);
      const isDirectory = entry.isDirectory();
      if (!isDirectory && !entry.isFile()) {
        skipped += 1;
        continue;
      }
      if (last !== entry.name.toString()) renamed += 1;
      checkPath(name, last);
      if (isDirectory) below.push({ path, name });
      else {
        const { size, mode, mtime } = await stateOf(path);
        files.push({ path, name, mode, sizeBytes: size, modifiedAt: mtime });
      }
    }
    waiting.push(...below.reverse());
    if (files.length + emptyDirectories.length + waiting.length > entriesMax)
      throw tooMany(directory.toString(), entriesMax);
  }
  const totalBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return { files, emptyDirectories, totalBytes, skipped, renamed };
}

export function cancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'It was cancelled.');
}

async function entriesOf(path: Buffer, entriesMax: number): Promise<EntryInBytes[]> {
  try {
    const entries: EntryInBytes[] = [];
    const found = (await opendir(path, IN_BYTES)) as unknown as AsyncIterable<EntryInBytes>;
    for await (const entry of found) {
      if (entry.name.toString().startsWith(PARTIAL_PREFIX)) continue;
      entries.push(entry);
      if (entries.length > entriesMax) throw tooMany(path.toString(), entriesMax);
    }
    return entries.sort((left, right) => Buffer.compare(left.name, right.name));
  } catch (error) {
    throw readError(path.toString(), error);
  }
}

/** Names that are valid text stay; the others get a free name. */
function namedApart(entries: readonly EntryInBytes[]): Named[] {
  const taken = new Set(entries.map(({ name }) => name.toString()).filter(isReadable));
  return entries.map((entry) => {
    const own = entry.name.toString();
    if (isReadable(own)) return { entry, name: own };
    const readable = readableName(own);
    let number = 1;
    while (taken.has(numberedName(readable, number))) number += 1;
    const name = numberedName(readable, number);
    taken.add(name);
    return { entry, name };
  });
}

function isReadable(name: string): boolean {
  return readableName(name) === name;
}

async function stateOf(path: Buffer): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (error) {
    throw readError(path.toString(), error);
  }
}

/** A name that no receiver would unpack is rejected here, where the user can rename it. */
function checkPath(name: string, last: string): void {
  try {
    checkFileName(last);
  } catch (error) {
    const reason = (error as Error).message;
    throw new AiocError('AIOC_FILE_NAME_BAD', `In ${shownPath(name)}: ${reason}`, { cause: error });
  }
  if (Buffer.byteLength(name) <= LIMITS.relativePathBytes) return;
  throw new AiocError('AIOC_FILE_NAME_BAD', `The path ${shownPath(name)} is too long. Shorten it.`);
}

function tooMany(directory: string, entriesMax: number): AiocError {
  return new AiocError(
    'AIOC_FILE_UNREADABLE',
    `${shownPath(directory)} has more than ${entriesMax} files and directories, which is the maximum of one ` +
      'archive. Send its subdirectories one by one.',
  );
}

const SLASH = Buffer.from('/');
const IN_BYTES = { encoding: 'buffer' as BufferEncoding };
