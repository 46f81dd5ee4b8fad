import { AiocError, systemCode } from '../../base/errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Converts an error of the disk to an AiocError. */
export function toDiskError(error: unknown, directory: string): AiocError {
  if (error instanceof AiocError) return error;
  const code = systemCode(error) ?? String(error);
  if (FULL.has(code)) {
    return new AiocError(
      'AIOC_DISK_FULL',
      `the disk of ${directory} is full (${code}): free some space, and storing resumes automatically`,
      { cause: error },
    );
  }
  const reason = error instanceof Error ? error.message : code;
  return new AiocError('AIOC_DISK', `the disk of ${directory} failed: ${reason}`, { cause: error });
}
