import { statfs } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { shownPath, writeError } from './disk-errors.ts';

/**
 * Checks that `sizeBytes` fit on the disk of `directory` and LIMITS.diskReserveBytes remain free.
 * @throws AiocError AIOC_FILE_WRITE
 */
export async function requireSpace(directory: string, sizeBytes: number): Promise<void> {
  let freeBytes: number;
  try {
    const { bavail, bsize } = await statfs(directory);
    freeBytes = bavail * bsize;
  } catch (error) {
    throw writeError(directory, error);
  }
  if (sizeBytes + LIMITS.diskReserveBytes <= freeBytes) return;
  const mib = (bytes: number): string => `${Math.floor(bytes / (1024 * 1024))} MiB`;
  throw new AiocError(
    'AIOC_FILE_WRITE',
    `The disk of ${shownPath(directory)} is too full: ${mib(sizeBytes)} are needed and ${mib(freeBytes)} are free, ` +
      `of which ${mib(LIMITS.diskReserveBytes)} must stay free. Free some space.`,
  );
}
