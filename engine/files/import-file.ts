import { constants, type Stats } from 'node:fs';
import { copyFile, lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import type { Randomness } from '../base/ports.ts';
import { copyTree } from './copy-tree.ts';
import { readError, writeError } from './disk-errors.ts';
import { requireSpace } from './disk-space.ts';
import { type PlacedFile, type Placement, placeDirectory, placeFile } from './free-name.ts';
import { meantPath, readableName } from './lossy-path.ts';
import type { ReceivedFolder } from './received-folder.ts';
import { checkFileName, PARTIAL_PREFIX, shownName } from './safe-name.ts';
import { unzipSafely } from './unzip.ts';

const NEAR_NAMES = 3;

export interface FileImportOptions {
  readonly folder: ReceivedFolder;
  /** The literal name of a file or directory in the folder. */
  readonly name: string;
  readonly directory: string;
  /** Unpack a file instead of copying it. A directory is copied in any case. */
  readonly unzip: boolean;
  readonly random: Randomness;
  readonly signal?: AbortSignal;
}

/**
 * Copies a received file or directory to a directory, or unpacks a file there. If the name is taken, it becomes `name (2)`. Returns the
 * path.
 * @throws AiocError AIOC_FILE_MISSING (with similar names), AIOC_FILE_NAME_BAD, AIOC_FILE_UNREADABLE, AIOC_FILE_WRITE,
 * AIOC_ARCHIVE_BAD, AIOC_CANCELLED
 */
export async function importReceived(options: FileImportOptions): Promise<string> {
  const { folder, name, directory, unzip, random, signal } = options;
  // The user may have put other files in the folder.
  const path = join(folder.directory, checkFileName(name));
  const source = await meantPath(path);
  const found = await received(source, folder, name);
  if (unzip && found.isFile()) {
    const stop = signal === undefined ? {} : { signal };
    return (await unzipSafely({ archive: path, intoDirectory: directory, random, ...stop })).directory;
  }
  // First under a hidden name, so that an incomplete copy does not look like the file.
  const partial = join(directory, PARTIAL_PREFIX + random.bytes(12).toString('hex'));
  try {
    let place: (placement: Placement) => Promise<PlacedFile> = placeFile;
    if (found.isDirectory()) {
      await copyTree({ from: source, to: partial, directory, ...(signal !== undefined && { signal }) });
      place = placeDirectory;
    } else {
      await requireSpace(directory, found.size);
      await copyFile(source, partial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    }
    const plain = typeof source === 'string' ? name : readableName(name);
    return (await place({ from: partial, directory, name: plain })).path;
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(join(directory, name), error);
  }
}

async function received(path: string | Buffer, folder: ReceivedFolder, name: string): Promise<Stats> {
  try {
    const found = await lstat(path);
    if (found.isFile() || found.isDirectory()) return found;
  } catch (error) {
    const failure = readError(path.toString(), error);
    if (failure.code !== 'AIOC_FILE_MISSING') throw failure;
  }
  const near = nearNames(name, await folder.list());
  const advice = near.length === 0 ? 'No file with a similar name was received.' : `Did you mean ${near}?`;
  throw new AiocError('AIOC_FILE_MISSING', `No file ${shownName(name)} was received. ${advice}`);
}

/**
 * Received names that are similar to the requested one: first those with the same beginning, then those that contain
 * it.
 */
function nearNames(name: string, received: readonly string[]): string {
  const wanted = name.toLowerCase();
  const likeness = (other: string): number => {
    const candidate = other.toLowerCase();
    let shared = 0;
    while (shared < wanted.length && wanted[shared] === candidate[shared]) shared += 1;
    const contains = candidate.includes(wanted) || wanted.includes(candidate);
    return shared / Math.max(wanted.length, candidate.length) + (contains ? 0.5 : 0);
  };
  return received
    .map((other) => ({ other, score: likeness(other) }))
    .filter(({ score }) => score >= 0.3)
    .sort((left, right) => right.score - left.score)
    .slice(0, NEAR_NAMES)
    .map(({ other }) => shownName(other))
    .join(', ');
}
