import { systemCode } from '../base/errors.ts';

/** Why an output could not be written, in words. */
export function outputTrouble(error: unknown): string {
  const code = systemCode(error) ?? '';
  return TROUBLES[code] ?? (error instanceof Error ? error.message : String(error));
}

const TROUBLES: Readonly<Record<string, string>> = {
  EPIPE: 'nobody reads it any more',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file may not grow any more',
  EIO: 'the terminal or the disk is gone',
  ENOENT: 'its directory is not there',
  EACCES: 'this user may not write it',
  EROFS: 'the disk is read-only',
};
