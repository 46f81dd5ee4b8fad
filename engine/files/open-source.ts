import { stat } from 'node:fs/promises';
import type { TransferSource } from '../queues/outgoing-body.ts';
import { readError } from './disk-errors.ts';
import { openFileSource, type SourceOptions } from './file-source.ts';
import { meantPath, outgoingName } from './lossy-path.ts';
import { openTreeSource } from './tree-source.ts';

/**
 * Opens a file or a directory to send it. Links to it are followed, since the path is the user's own.
 *
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD, AIOC_FILE_CHANGED
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<TransferSource> {
  const meant = await meantPath(path);
  const found = await stat(meant).catch((error: unknown) => {
    throw readError(path, error);
  });
  if (found.isDirectory()) return openTreeSource(meant, outgoingName(path, meant));
  return openFileSource(path, options);
}
