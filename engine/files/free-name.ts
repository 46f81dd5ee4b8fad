import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { exists } from '../base/read-small-file.ts';
import { writeError } from './disk-errors.ts';
import { shownName } from './safe-name.ts';

/** Errors of `link` on file systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export type WhenTaken = 'number' | 'refuse' | 'replace';

export interface Placement {
  /** The complete file or directory, on the same file system as `directory`. */
  readonly from: string;
  readonly directory: string;
  readonly name: string;
  /** If the name is taken: use `name (2)` (default), fail, or replace the file. */
  readonly taken?: WhenTaken;
  /** What errors call it. Default: its path. */
  readonly shown?: string;
  /** Called before each attempt with a name that was free, so that it can be written down. */
  readonly onAttempt?: (attempt: PlacingAttempt) => Promise<void>;
}

export interface PlacingAttempt {
  readonly name: string;
  /** There are no hard links, so an empty file will keep the name free for a moment. */
  readonly isClaim: boolean;
}

export interface PlacedFile {
  readonly name: string;
  readonly path: string;
}

/**
 * Gives a complete file its final name. Overwrites a file only if the placement says so.
 * @throws AiocError AIOC_FILE_WRITE
 */
export async function placeFile(placement: Placement): Promise<PlacedFile> {
  return place(placement, placement.taken === 'replace' ? renameOver : placeFileAs);
}

function takenError(name: string): AiocError {
  return new AiocError('AIOC_FILE_WRITE', `${shownName(name)} already exists.`);
}

/**
 * Gives a complete directory its final name. Never overwrites anything.
 * @throws AiocError AIOC_FILE_WRITE
 */
export function placeDirectory(placement: Placement): Promise<PlacedFile> {
  return place(placement, placeDirectoryAs);
}

/** `photo.jpg`, `photo (2).jpg`, `photo (3).jpg`; truncated if the number would make it too long. */
export function numberedName(name: string, number: number): string {
  return number === 1 ? name : fittingName(name, ` (${number})`);
}

/** Adds a suffix before the extension, and truncates the name to LIMITS.fileNameBytes. */
export function fittingName(name: string, suffix = ''): string {
  const extension = extname(name);
  const stem = Array.from(name.slice(0, name.length - extension.length));
  const fits = (): boolean =>
    Buffer.byteLength(stem.join('')) + Buffer.byteLength(suffix + extension) <= LIMITS.fileNameBytes;
  while (stem.length > 1 && !fits()) stem.pop();
  if (fits()) return `${stem.join('')}${suffix}${extension}`;
  // The extension alone would fill the name, so it is not an extension.
  return fittingName(name.replaceAll('.', '_'), suffix);
}

/** Whether that name was free. `onClaim` is called before a name is kept free by an empty file. */
type PlaceAs = (from: string, to: string, onClaim: () => Promise<void>) => Promise<boolean>;

/** Tries one name, or one after another. */
async function place(placement: Placement, placeAs: PlaceAs): Promise<PlacedFile> {
  const { directory, name, taken = 'number', onAttempt } = placement;
  const tries = taken === 'number' ? LIMITS.fileNameTries : 1;
  for (let number = 1; number <= tries; number += 1) {
    const candidate = numberedName(name, number);
    const path = join(directory, candidate);
    try {
      if (onAttempt !== undefined && taken !== 'replace' && (await exists(path))) continue;
      await onAttempt?.({ name: candidate, isClaim: false });
      const onClaim = async (): Promise<void> => onAttempt?.({ name: candidate, isClaim: true });
      if (await placeAs(placement.from, path, onClaim)) return { name: candidate, path };
    } catch (error) {
      throw writeError(placement.shown ?? path, error);
    }
  }
  if (taken !== 'number') throw takenError(name);
  const like = `${LIMITS.fileNameTries} files with names like ${shownName(name)}`;
  throw new AiocError('AIOC_FILE_WRITE', `There are already ${like}. Move some of them away.`);
}

async function placeFileAs(from: string, to: string, onClaim: () => Promise<void>): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw error;
    await onClaim();
    return await claimAndRename(from, to);
  }
  await unlink(from);
  return true;
}

/** A rename replaces a link itself, never its target. */
async function renameOver(from: string, to: string): Promise<boolean> {
  await rename(from, to);
  return true;
}

/** Without hard links: creates an empty file to reserve the name, then renames the complete file onto it. */
async function claimAndRename(from: string, to: string): Promise<boolean> {
  try {
    await (await open(to, 'wx')).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(from, to);
  } catch (error) {
    await unlink(to);
    throw error;
  }
  return true;
}

/** Creates an empty directory to reserve the name. The rename succeeds only while it is still empty. */
async function placeDirectoryAs(from: string, to: string): Promise<boolean> {
  try {
    await mkdir(to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(from, to);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
    await rmdir(to).catch(() => undefined);
    throw error;
  }
  return true;
}
