import type { Stats } from 'node:fs';
import { type FileHandle, lstat, readlink, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { readError, shownPath } from './disk-errors.ts';
import { type OutgoingFile, openOutgoing } from './outgoing-file.ts';

/**
 * Opens a file that every user of this machine may read: for a program of which it cannot be known whose it is. The file
 * that has been opened is looked at, and the directories above where it really lies, so that neither a link nor a
 * directory that is exchanged meanwhile leads to another one.
 *
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, which names the key that makes the rule
 */
export async function openForAnyUser(path: string): Promise<OutgoingFile> {
  return openOutgoing(path, async (handle, found) => {
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
  });
}

/** Where an open file really lies, without links. */
async function placeOf(handle: FileHandle, found: Stats, path: string): Promise<string> {
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw readError(path, error);
  }
  // A system that does not say it: the path must still lead to the same file.
  const where = await realpath(path);
  const there = await lstat(where);
  if (there.dev !== found.dev || there.ino !== found.ino) throw notForAll(path, 'it was exchanged meanwhile');
  return where;
}

function notForAll(path: string, why: string): AiocError {
  return new AiocError(
    'AIOC_FILE_UNREADABLE',
    `${shownPath(path)} is not sent: ${why}, and programs of every user may send here. Let everybody read it, use aioc's library, which passes the bytes, or set everybody_can_send_messages to false`,
  );
}

/** Owner, group and others: a mode such as 0604 keeps its group out, to which the program may belong. */
const EVERYBODY_READS = 0o444;
const EVERYBODY_ENTERS = 0o111;
