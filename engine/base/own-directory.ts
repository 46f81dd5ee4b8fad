import { constants, type Stats } from 'node:fs';
import { access, chmod, lstat, mkdir, readlink, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { AiocError, systemCode } from './errors.ts';
import { LIMITS } from './limits.ts';

/** A directory that a connector uses. */
export interface DirectoryUse {
  readonly path: string;
  /** The configuration key that sets another directory. */
  readonly key: string;
  /** The mode of a directory that is created here, parents included, whatever the umask. */
  readonly mode: number;
}

/** The mode of a directory that other users do not need. */
export const PRIVATE_DIRECTORY = 0o700;

/**
 * Creates a directory if it is missing, and checks that it is safe: it belongs to this user or root, users outside its
 * group cannot create files in it (unless it has the sticky bit, as /tmp has), no symbolic link of another user leads
 * to it, and this process can write to it. An existing directory keeps its mode.
 *
 * @returns its path without symbolic links
 * @throws AiocError AIOC_DIRECTORY if another user could change its contents; AIOC_CONFIG if it cannot be created or
 * written. Both say why, and which key to set.
 */
export async function ensureDirectory(use: DirectoryUse): Promise<string> {
  try {
    const path = await walk(use, (missing) => make(missing, use.mode));
    check(use, await stat(path));
    await access(path, constants.W_OK | constants.X_OK);
    return path;
  } catch (error) {
    throw unusable(use, error);
  }
}

/**
 * Checks a directory that another part of aioc creates, or that aioc only reads. A missing directory is fine.
 *
 * @throws AiocError AIOC_DIRECTORY
 */
export async function checkDirectory(use: Omit<DirectoryUse, 'mode'>): Promise<void> {
  try {
    check(use, await stat(await walk(use, notMade)));
  } catch (error) {
    // The code that uses the directory reports that it cannot be reached.
    if (error instanceof AiocError) throw error;
  }
}

/** Follows the path from the root, link by link. Returns where it leads. */
async function walk(
  use: Omit<DirectoryUse, 'mode'>,
  make: (missing: string, error: unknown) => Promise<void>,
): Promise<string> {
  const full = resolve(use.path);
  let at = parse(full).root;
  let rest = segmentsOf(full);
  let links = 0;
  while (rest.length > 0) {
    const [segment = '', ...others] = rest;
    const next = join(at, segment);
    const found = await lstat(next).catch(async (error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
      await make(next, error);
      return lstat(next);
    });
    if (found.isSymbolicLink()) {
      links += 1;
      if (links > LIMITS.linksFollowed) throw systemError('ELOOP');
      checkLink(use, next, found);
      const target = resolve(at, await readlink(next), ...others);
      at = parse(target).root;
      rest = segmentsOf(target);
      continue;
    }
    if (!found.isDirectory()) throw systemError('ENOTDIR', next);
    at = next;
    rest = others;
    if (rest.length > 0 && isOpenToOthers(found))
      throw refused(use, `every user of this machine can replace the contents of its parent directory ${at}`);
  }
  return at;
}

function segmentsOf(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((segment) => segment !== '');
}

async function make(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
    // The umask may have removed bits.
    await chmod(path, mode);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

async function notMade(_path: string, error: unknown): Promise<void> {
  throw error;
}

function check(use: Omit<DirectoryUse, 'mode'>, found: Stats): void {
  if (isForeign(found))
    throw refused(
      use,
      `it belongs to ${userIn(found)}, not to ${us() === 'root' ? 'root' : `${us()} or root`}`,
    );
  if (isOpenToOthers(found))
    throw refused(
      use,
      'every user of this machine can replace its contents: use chmod o-w or the sticky bit',
    );
}

/** The owner of a link can change its target at any time. */
function checkLink(use: Omit<DirectoryUse, 'mode'>, path: string, found: Stats): void {
  if (isForeign(found)) throw refused(use, `${path} is a symbolic link that belongs to ${userIn(found)}`);
}

/** Whether an object belongs to a user other than this one and root; always false on systems without users. */
export function isForeign({ uid }: Pick<Stats, 'uid'>): boolean {
  const us = process.geteuid?.();
  return us !== undefined && uid !== us && uid !== 0;
}

function isOpenToOthers({ mode }: Stats): boolean {
  return process.geteuid !== undefined && (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}

function us(): string {
  const uid = process.geteuid?.();
  return uid === 0 ? 'root' : `user ${uid}`;
}

export function userIn({ uid }: Pick<Stats, 'uid'>): string {
  return uid === 0 ? 'root' : `user ${uid}`;
}

function refused({ path, key }: Omit<DirectoryUse, 'mode'>, why: string): AiocError {
  return new AiocError(
    'AIOC_DIRECTORY',
    `${path} is not used: ${why}. Set ${key} to a directory of your own`,
    { forPeer: 'its directory cannot be used: other users could change it' },
  );
}

const WHY: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'nothing can be created there',
};

function unusable(use: DirectoryUse, error: unknown): AiocError {
  if (error instanceof AiocError) return error;
  const text = `${use.key}: ${use.path} cannot be used: ${reasonOf(error)}. Set ${use.key} to a directory that you may write to`;
  const why = WHY[systemCode(error) ?? ''];
  const forPeer = `its directory cannot be used${why === undefined ? '' : `: ${why}`}`;
  return new AiocError('AIOC_CONFIG', text, { cause: error, forPeer });
}

function reasonOf(error: unknown): string {
  const code = systemCode(error) ?? '';
  const { path, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOTDIR')
    return path === undefined ? 'part of its path is not a directory' : `${path} is not a directory`;
  if (code === 'EACCES' || code === 'EPERM') {
    const where = path === undefined ? 'it' : syscall === 'mkdir' ? dirname(path) : path;
    return `${us()} may not ${syscall === 'lstat' ? 'look into' : 'write to'} ${where}`;
  }
  return WHY[code] ?? (error instanceof Error ? error.message : String(error));
}

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(code), { code, ...(path !== undefined && { path }) });
}
