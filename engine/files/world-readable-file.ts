import type { Stats } from 'node:fs';
import { type FileHandle, lstat, readlink, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AiocError, systemCode } from '../base/errors.ts';
import { errorAbout, readError, shownPath } from './disk-errors.ts';

/**
 * The check of an opened file for a program whose user is not known: every user of this machine may read it. It uses the
 * opened file and the directories of its real path, so that neither a link nor a replaced directory can lead to another
 * file.
 *
 * @returns a function that throws AiocError AIOC_FILE_UNREADABLE, with the configuration key of the rule
 */
export function admitWorldReadable(path: string): (handle: FileHandle, found: Stats) => Promise<void> {
  return async (handle, found) => {
    if ((found.mode & EVERYBODY_READS) !== EVERYBODY_READS)
      throw notForAll(path, 'not every user may read it');
    const where = await placeOf(handle, found, path);
    for (let at = where; dirname(at) !== at; ) {
      at = dirname(at);
      const above = await lstat(at).catch((error: unknown) => {
        throw readError(path, error);
      });
      if (!above.isDirectory() || (above.mode & EVERYBODY_ENTERS) !== EVERYBODY_ENTERS)
        throw notForAll(path, `not every user may enter ${shownPath(at)}`);
    }
  };
}

/** The real path of an open file, without links. */
async function placeOf(handle: FileHandle, found: Stats, path: string): Promise<string> {
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw readError(path, error);
  }
  // If the system does not say it, the path must still lead to the same file.
  const where = await realpath(path);
  const there = await lstat(where);
  if (there.dev !== found.dev || there.ino !== found.ino) throw notForAll(path, 'it was replaced meanwhile');
  return where;
}

function notForAll(path: string, why: string): AiocError {
  return errorAbout(
    path,
    'AIOC_FILE_UNREADABLE',
    (shown) =>
      `${shown} is not sent: ${why}, and programs of other users may send through this connector. Make the file readable for everyone, use aioc's library, which sends the bytes itself, or set everybody_can_send_messages to false`,
  );
}

/** Owner, group and others: a mode such as 0604 excludes its group, and the program may be in it. */
const EVERYBODY_READS = 0o444;
const EVERYBODY_ENTERS = 0o111;
