import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode, toAiocError } from '../../base/errors.ts';
import { type ConnectorOwner, ownerInFileNames } from '../socket-names.ts';

/**
 * Deletes the persistence files of a Python connector with the same name (PROTOCOL §6), for all peers.
 *
 * @param directory connector_files_dirpath
 * @returns the names of the deleted files
 * @throws AiocError AIOC_COMMAND for the first file that cannot be deleted; those before it are deleted
 */
export async function deleteLeftoverFiles(directory: string, owner: ConnectorOwner): Promise<string[]> {
  const self = ownerInFileNames(owner);
  const mine = [
    `connector_disk_persistence_send_from_${self}_to_peer_`,
    `connector_disk_persistence_recv_by_${self}_`,
  ];
  const deleted: string[] = [];
  for (const file of await readdir(directory)) {
    if (!mine.some((beginning) => file.startsWith(beginning))) continue;
    try {
      await unlink(join(directory, file));
      deleted.push(file);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') continue;
      throw new AiocError(
        'AIOC_COMMAND',
        `cannot delete ${join(directory, file)}: ${toAiocError(error).message}`,
        { cause: error },
      );
    }
  }
  return deleted;
}
