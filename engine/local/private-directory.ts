import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { AiocError, systemCode } from '../base/errors.ts';
import { PRIVATE_DIRECTORY } from '../base/own-directory.ts';

/**
 * Creates a directory inside a connector's that only its user can enter, whatever the umask. Reuses an existing one if it
 * belongs to this user.
 *
 * @throws AiocError AIOC_LISTEN
 */
export function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw inTheWay(directory, error);
  }
  const found = lstatSync(directory);
  if (!found.isDirectory()) throw inTheWay(directory, 'it is not a directory');
  if (found.uid !== process.geteuid?.()) throw inTheWay(directory, `it belongs to user ${found.uid}`);
  if ((found.mode & 0o777) !== PRIVATE_DIRECTORY) chmodSync(directory, PRIVATE_DIRECTORY);
}

function inTheWay(directory: string, why: unknown): AiocError {
  const reason = why instanceof Error ? why.message : String(why);
  return new AiocError('AIOC_LISTEN', `${directory} cannot be used: ${reason}. Remove it`, { cause: why });
}
