import { basename } from 'node:path';
import { AiocError, type ErrorCode, systemCode } from '../base/errors.ts';
import { shownName } from './safe-name.ts';

const WRITING: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'your disk quota is used up. Free some space',
  EROFS: 'the disk is read-only. Choose another directory',
  EACCES: 'you may not write there. Check the permissions of the directory',
  EPERM: 'you may not write there. Check the permissions of the directory',
  ENOENT: 'its directory does not exist. Create it again',
  ENOTDIR: 'there is a file where a directory should be. Move it away',
  EEXIST: 'there is a file where a directory should be. Move it away',
  ENAMETOOLONG: 'the name is too long for this disk. Rename it',
  EMFILE: 'too many files are open. Try again later',
  ENFILE: 'too many files are open. Try again later',
};

const READING: Readonly<Record<string, string>> = {
  EACCES: 'you may not read it. Check its permissions',
  EPERM: 'you may not read it. Check its permissions',
  EISDIR: 'it is a directory',
  ELOOP: 'it is a symbolic link to nowhere',
  ENXIO: 'it is not a regular file',
  ENOTDIR: 'part of its path is not a directory',
  EMFILE: 'too many files are open. Try again later',
  ENFILE: 'too many files are open. Try again later',
};

/** Converts the error of a write to `path` to AIOC_FILE_WRITE; returns an AiocError unchanged. */
export function writeError(path: string, error: unknown): AiocError {
  return worded(error, { path, code: 'AIOC_FILE_WRITE', action: 'write', words: WRITING });
}

/**
 * Converts the error of opening or reading `path` to AIOC_FILE_MISSING or AIOC_FILE_UNREADABLE; returns an AiocError
 * unchanged.
 */
export function readError(path: string, error: unknown): AiocError {
  if (systemCode(error) === 'ENOENT')
    return errorAbout(path, 'AIOC_FILE_MISSING', (shown) => `There is no ${shown}. Check the name.`, error);
  return worded(error, { path, code: 'AIOC_FILE_UNREADABLE', action: 'read', words: READING });
}

/** An error about a file of this machine: a peer reads only the last part of its path. */
export function errorAbout(
  path: string,
  code: ErrorCode,
  say: (shown: string) => string,
  cause?: unknown,
): AiocError {
  return new AiocError(code, say(shownPath(path)), { cause, forPeer: say(shownPath(basename(path))) });
}

/** A path for a message: at most its last 80 characters, with unprintable characters escaped. */
export function shownPath(path: string): string {
  const characters = Array.from(path);
  return shownName(characters.length > 80 ? `…${characters.slice(-79).join('')}` : path);
}

function worded(
  error: unknown,
  about: { path: string; code: ErrorCode; action: string; words: Readonly<Record<string, string>> },
): AiocError {
  if (error instanceof AiocError) return error;
  const { path, code, action, words } = about;
  const known = words[systemCode(error) ?? ''];
  const reason = known ?? (error instanceof Error ? error.message : String(error));
  const { message, forPeer } = errorAbout(
    path,
    code,
    (shown) => `Cannot ${action} ${shown}: ${reason}.`,
    error,
  );
  // The system's own words may have a path.
  return new AiocError(code, message, { cause: error, forPeer: known && forPeer });
}
