import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
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
  const { from, directory, name, taken = 'number' } = placement;
  if (taken === 'number') return place(placement, placeFileAs);
  const path = join(directory, name);
  try {
    // A rename replaces a link itself, never its target.
    if (taken === 'replace') await rename(from, path);
    else if (!(await placeFileAs(from, path))) throw takenError(name);
    return { name, path };
  } catch (error) {
    throw writeError(path, error);
  }
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

/** Tries one name after another. `placeAs` returns whether that name was free. */
async function place(
  { from, directory, name }: Placement,
  placeAs: (from: string, to: string) => Promise<boolean>,
): Promise<PlacedFile> {
  for (let number = 1; number <= LIMITS.fileNameTries; number += 1) {
    const candidate = numberedName(name, number);
    const path = join(directory, candidate);
    try {
      if (await placeAs(from, path)) return { name: candidate, path };
    } catch (error) {
      throw writeError(path, error);
    }
  }
  const tries = `${LIMITS.fileNameTries} files with names like ${shownName(name)}`;
  throw new AiocError('AIOC_FILE_WRITE', `There are already ${tries}. Move some of them away.`);
}

async function placeFileAs(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw error;
    return await claimAndRename(from, to);
  }
  await unlink(from);
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
