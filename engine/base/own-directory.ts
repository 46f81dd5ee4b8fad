import { constants, type Stats } from 'node:fs';
import { access, chmod, lstat, mkdir, readlink, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { AiocError, systemCode } from './errors.ts';
import { LIMITS } from './limits.ts';

/** A directory in which a connector keeps something. */
export interface DirectoryUse {
  readonly path: string;
  /** The key of the configuration that names another one. */
  readonly key: string;
  /** Of the directory where it is made here, and of those above it that are made for it; whatever the umask. */
  readonly mode: number;
}

/** The mode of a directory that is of no use to other users. */
export const PRIVATE_DIRECTORY = 0o700;

/**
 * Makes a directory where it is missing, and makes sure that it can be used: it belongs to this user or to root, users
 * outside its group cannot put files into it (unless it has the sticky bit, as /tmp has), no link of another user leads
 * to it, and this process may write to it. One that is there keeps its mode.
 *
 * @returns its path without links
 * @throws AiocError AIOC_DIRECTORY when another user could change what is in it; AIOC_CONFIG when it cannot be made or
 *   written. Both say why, and which key to set.
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
 * The same for one that another part of aioc makes, or needs no more than to be read: where it is not there, it is not
 * made.
 *
 * @throws AiocError AIOC_DIRECTORY
 */
export async function checkDirectory(use: Omit<DirectoryUse, 'mode'>): Promise<void> {
  try {
    check(use, await stat(await walk(use, notMade)));
  } catch (error) {
    // What cannot be reached is told by who uses it.
    if (error instanceof AiocError) throw error;
  }
}

/** Goes the path from the top, link by link, and says where it leads. */
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
      throw refused(use, `every user of this machine can replace what is in ${at}, which is above it`);
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
    // What the umask has taken away.
    await chmod(path, mode);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

async function notMade(_path: string, error: unknown): Promise<void> {
  throw error;
}

function check(use: Omit<DirectoryUse, 'mode'>, found: Stats): void {
  if (isForeign(found)) throw refused(use, `it belongs to ${userIn(found)}, and not to ${us()} or root`);
  if (isOpenToOthers(found))
    throw refused(
      use,
      'every user of this machine can replace what is in it: chmod o-w, or the sticky bit, prevents that',
    );
}

/** The owner of a link can point it elsewhere at any time. */
function checkLink(use: Omit<DirectoryUse, 'mode'>, path: string, found: Stats): void {
  if (isForeign(found)) throw refused(use, `${path} is a link that belongs to ${userIn(found)}`);
}

/** Whether something belongs to a user who is neither this one nor root; systems without users have none. */
export function isForeign({ uid }: Pick<Stats, 'uid'>): boolean {
  const us = process.geteuid?.();
  return us !== undefined && uid !== us && uid !== 0;
}

function isOpenToOthers({ mode }: Stats): boolean {
  return process.geteuid !== undefined && (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}

function us(): string {
  const uid = process.geteuid?.();
  return uid === 0 ? 'this one, which is root' : `user ${uid}, who runs this`;
}

export function userIn({ uid }: Pick<Stats, 'uid'>): string {
  return uid === 0 ? 'root' : `user ${uid}`;
}

function refused({ path, key }: Omit<DirectoryUse, 'mode'>, why: string): AiocError {
  return new AiocError(
    'AIOC_DIRECTORY',
    `${path} is not used: ${why}. Set ${key} to a directory of your own`,
  );
}

const WHY: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  ELOOP: 'its links lead nowhere',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'nothing can be made there',
};

function unusable(use: DirectoryUse, error: unknown): AiocError {
  if (error instanceof AiocError) return error;
  const text = `${use.key}: ${use.path} cannot be used: ${reasonOf(error)}. Set ${use.key} to a directory that you may write to`;
  return new AiocError('AIOC_CONFIG', text, { cause: error });
}

function reasonOf(error: unknown): string {
  const code = systemCode(error) ?? '';
  const { path, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOTDIR')
    return path === undefined ? 'part of it is no directory' : `${path} is no directory`;
  if (code === 'EACCES' || code === 'EPERM') {
    const where = path === undefined ? 'it' : syscall === 'mkdir' ? dirname(path) : path;
    return `${us().replace(/,.*/, '')} may not ${syscall === 'lstat' ? 'look into' : 'write to'} ${where}`;
  }
  return WHY[code] ?? (error instanceof Error ? error.message : String(error));
}

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(code), { code, ...(path !== undefined && { path }) });
}
