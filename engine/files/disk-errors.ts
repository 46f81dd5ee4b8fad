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
  return worded('AIOC_FILE_WRITE', `Cannot write ${shownPath(path)}`, WRITING, error);
}

/**
 * Converts the error of opening or reading `path` to AIOC_FILE_MISSING or AIOC_FILE_UNREADABLE; returns an AiocError
 * unchanged.
 */
export function readError(path: string, error: unknown): AiocError {
  if (systemCode(error) === 'ENOENT')
    return new AiocError('AIOC_FILE_MISSING', `There is no ${shownPath(path)}. Check the name.`, {
      cause: error,
    });
  return worded('AIOC_FILE_UNREADABLE', `Cannot read ${shownPath(path)}`, READING, error);
}

/** A path for a message: at most its last 80 characters, with unprintable characters escaped. */
export function shownPath(path: string): string {
  const characters = Array.from(path);
  return shownName(characters.length > 80 ? `…${characters.slice(-79).join('')}` : path);
}

function worded(
  code: ErrorCode,
  what: string,
  words: Readonly<Record<string, string>>,
  error: unknown,
): AiocError {
  if (error instanceof AiocError) return error;
  const known = words[systemCode(error) ?? ''];
  const reason = known ?? (error instanceof Error ? error.message : String(error));
  return new AiocError(code, `${what}: ${reason}.`, { cause: error, forPeer: known });
}
