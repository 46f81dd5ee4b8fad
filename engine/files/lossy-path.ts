import { access, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { shownPath } from './disk-errors.ts';

/** What stands in a text where bytes were no UTF-8. */
const REPLACEMENT = '\ufffd';
const SLASH = Buffer.from('/');

/**
 * The path that a text means of which some bytes were lost, since names of files are bytes and arguments are texts here:
 * the one entry of each directory that reads the same as the text does.
 *
 * @returns the path itself where it is there, or where nothing reads like it
 * @throws AiocError AIOC_FILE_NAME_BAD when several read the same
 */
export async function meantPath(path: string): Promise<string | Buffer> {
  if (!path.includes(REPLACEMENT) || (await isThere(path))) return path;
  const parts = path.split('/').filter((part) => part !== '');
  let found: Buffer = Buffer.from(path.startsWith('/') ? '' : '.');
  for (const part of parts) {
    const name = part.includes(REPLACEMENT) ? await entryLike(found, part, path) : Buffer.from(part);
    if (name === undefined) return path;
    found = Buffer.concat([found, SLASH, name]);
  }
  return found;
}

/** A name for a file whose own is not UTF-8: what can be read of it, and `_` for the rest. */
export function readableName(name: string): string {
  return name.replaceAll(REPLACEMENT, '_');
}

async function entryLike(directory: Buffer, part: string, path: string): Promise<Buffer | undefined> {
  const at = directory.length === 0 ? SLASH : directory;
  const names = await readdir(at, { encoding: 'buffer' }).catch(() => []);
  const alike = names.filter((name) => name.toString() === part);
  if (alike.length < 2) return alike[0];
  const listed = alike.map((name) => `"${spelled(name)}"`).join(', ');
  const where = shownPath(dirname(path));
  throw new AiocError(
    'AIOC_FILE_NAME_BAD',
    `In ${where} ${alike.length} names read the same, and are not UTF-8: ${listed}. Rename the one you mean.`,
  );
}

/** Its bytes as a shell's `$'…'` takes them. */
function spelled(name: Buffer): string {
  return [...name]
    .map((byte) =>
      byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
