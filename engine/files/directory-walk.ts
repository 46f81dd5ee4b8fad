import type { Dirent, Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { readError, shownPath } from './disk-errors.ts';
import { checkFileName, PARTIAL_PREFIX } from './safe-name.ts';

export interface FoundFile {
  readonly path: string;
  /** Relative to the directory that was walked, with `/`. */
  readonly name: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface Found {
  readonly files: readonly FoundFile[];
  readonly emptyDirectories: readonly { readonly name: string; readonly modifiedAt: Date }[];
  readonly totalBytes: number;
  /** Links, devices, pipes and sockets, which are left out. */
  readonly skipped: number;
}

/**
 * All ordinary files below a directory, in the order of their names, and the directories that hold nothing. Symbolic
 * links are not followed, the directory itself excepted.
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE (naming the path; also for more than
 *   LIMITS.archiveEntries), AIOC_FILE_NAME_BAD, AIOC_CANCELLED
 */
export async function walkDirectory(directory: string, signal: AbortSignal): Promise<Found> {
  const files: FoundFile[] = [];
  const emptyDirectories: { name: string; modifiedAt: Date }[] = [];
  let skipped = 0;
  const waiting = [''];
  for (let within = waiting.pop(); within !== undefined; within = waiting.pop()) {
    if (signal.aborted) throw cancelled();
    const entries = await entriesOf(join(directory, within));
    if (entries.length === 0 && within !== '')
      emptyDirectories.push({ name: within, modifiedAt: (await stateOf(join(directory, within))).mtime });
    const below: string[] = [];
    for (const entry of entries) {
      const name = within === '' ? entry.name : `${within}/${entry.name}`;
      const path = join(directory, name);
      if (entry.isDirectory()) below.push(checked(name, entry.name));
      else if (!entry.isFile()) skipped += 1;
      else {
        const { size, mode, mtime } = await stateOf(path);
        files.push({ path, name: checked(name, entry.name), mode, sizeBytes: size, modifiedAt: mtime });
      }
    }
    waiting.push(...below.reverse());
    if (files.length + emptyDirectories.length + waiting.length > LIMITS.archiveEntries)
      throw tooMany(directory);
  }
  const totalBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return { files, emptyDirectories, totalBytes, skipped };
}

export function cancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'It was cancelled.');
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    const entries: Dirent[] = [];
    for await (const entry of await opendir(path)) {
      if (entry.name.startsWith(PARTIAL_PREFIX)) continue;
      entries.push(entry);
      if (entries.length > LIMITS.archiveEntries) throw tooMany(path);
    }
    return entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    throw readError(path, error);
  }
}

async function stateOf(path: string): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (error) {
    throw readError(path, error);
  }
}

/** A name that no receiver would unpack is better refused here, where somebody can rename it. */
function checked(name: string, last: string): string {
  try {
    checkFileName(last);
  } catch (error) {
    const reason = (error as Error).message;
    throw new AiocError('AIOC_FILE_NAME_BAD', `In ${shownPath(name)}: ${reason}`, { cause: error });
  }
  if (Buffer.byteLength(name) <= LIMITS.relativePathBytes) return name;
  throw new AiocError('AIOC_FILE_NAME_BAD', `The path ${shownPath(name)} is too long. Shorten it.`);
}

function tooMany(directory: string): AiocError {
  return new AiocError(
    'AIOC_FILE_UNREADABLE',
    `${shownPath(directory)} holds more than ${LIMITS.archiveEntries} files and directories, more than the other ` +
      'side unpacks. Send its parts one by one.',
  );
}
