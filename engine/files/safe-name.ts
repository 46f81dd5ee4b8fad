import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/** Prefix of aioc's incomplete files and directories: hidden, and not allowed in names from peers. */
export const PARTIAL_PREFIX = '.aioc-partial-';

/** C0, DEL, C1, line separators, characters that change the text direction, and surrogate halves. */
const UNSHOWABLE =
  /[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/u;

const SHOWN_CHARACTERS = 80;

/**
 * Returns the name if it can be the literal name of a file in a directory.
 * @throws AiocError AIOC_FILE_NAME_BAD for an empty name, `.`, `..`, a name with `/`, `\`, control or text direction
 * characters, a name of more than LIMITS.fileNameBytes in UTF-8, and one like aioc's incomplete files.
 */
export function checkFileName(name: string): string {
  const fault = faultOf(name);
  if (fault === undefined) return name;
  throw new AiocError('AIOC_FILE_NAME_BAD', `The file name ${shownName(name)} ${fault}. Rename it.`);
}

/**
 * A name that neither hides a file, nor looks like an option or a home directory to commands: `_` replaces a `.`, `-` or
 * `~` at its beginning. Other names stay.
 */
export function plainName(name: string): string {
  return name.replace(/^[.~-]+/, '_');
}

/**
 * The name of a file in the chat: the last part of a peer's dst_name, which may have subdirectories. A dst_name that
 * leads outside its directory is rejected, not cleaned.
 * @throws AiocError AIOC_FILE_NAME_BAD
 */
export function baseNameOf(dstName: string): string {
  if (Buffer.byteLength(dstName) > LIMITS.relativePathBytes)
    throw new AiocError('AIOC_FILE_NAME_BAD', `The path ${shownName(dstName)} is too long. Shorten it.`);
  const parts = dstName.split('/');
  for (const part of parts) {
    const fault = faultOf(part);
    if (fault === undefined) continue;
    const where = `The part ${shownName(part)} of the path ${shownName(dstName)}`;
    throw new AiocError('AIOC_FILE_NAME_BAD', `${where} ${fault}. Rename it.`);
  }
  return parts.at(-1) ?? '';
}

/** A name for a message: quoted, truncated to 80 characters, with unprintable characters escaped. */
export function shownName(name: string): string {
  const characters = Array.from(name.slice(0, SHOWN_CHARACTERS * 2));
  const cut = characters.slice(0, SHOWN_CHARACTERS).map((character) => {
    if (!UNSHOWABLE.test(character)) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${cut.join('')}${characters.length > SHOWN_CHARACTERS ? '…' : ''}"`;
}

/** Why this cannot be the name of a file, as the end of a sentence about it; undefined if it can. */
export function faultOf(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name === '.' || name === '..') return 'is a directory reference, not a file name';
  if (name.includes('/') || name.includes('\\')) return 'contains a slash or a backslash';
  if (UNSHOWABLE.test(name)) return 'contains control characters';
  if (Buffer.byteLength(name) > LIMITS.fileNameBytes) return `is longer than ${LIMITS.fileNameBytes} bytes`;
  // In any case, since some file systems ignore case.
  if (name.toLowerCase().startsWith(PARTIAL_PREFIX)) return 'is reserved for incomplete files';
  return undefined;
}
