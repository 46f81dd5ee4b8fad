import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode, toAiocError } from '../../base/errors.ts';
import { type ConnectorOwner, ownerInFileNames } from '../socket-names.ts';

/**
 * Deletes the files in which a Python connector of the same name has kept messages that wait (PROTOCOL §6), whoever they
 * are for.
 *
 * @param directory connector_files_dirpath
 * @returns the names of the files that are gone
 * @throws AiocError AIOC_COMMAND for the first that cannot be deleted; those before it are gone
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
        `${join(directory, file)} cannot be deleted: ${toAiocError(error).message}`,
        { cause: error },
      );
    }
  }
  return deleted;
}
