import { systemCode } from './errors.ts';

/** Why an output or a log file could not be written. */
export function outputTrouble(error: unknown): string {
  const code = systemCode(error) ?? '';
  return TROUBLES[code] ?? (error instanceof Error ? error.message : String(error));
}

const TROUBLES: Readonly<Record<string, string>> = {
  EPIPE: 'its reader has gone',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file has reached its size limit',
  EIO: 'the terminal or the disk is gone',
  ENOENT: 'its directory does not exist',
  EACCES: 'this user has no permission to write it',
  EROFS: 'the disk is read-only',
};
