import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/** How the names of our own unfinished files and directories begin; hidden, and never a name that a peer may choose. */
export const PARTIAL_PREFIX = '.aioc-partial-';

/** C0, DEL, C1, line separators, marks that turn the reading direction, and halves of surrogate pairs. */
const UNSHOWABLE =
  /[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/u;

const SHOWN_CHARACTERS = 80;

/**
 * The name itself, if it can be the literal name of one file in one directory here.
 * @throws AiocError AIOC_FILE_NAME_BAD for an empty name, `.`, `..`, one with `/`, `\`, control or direction characters,
 *   one longer than LIMITS.fileNameBytes in UTF-8, and one that looks like our own partial files.
 */
export function checkFileName(name: string): string {
  const fault = faultOf(name);
  if (fault === undefined) return name;
  throw new AiocError('AIOC_FILE_NAME_BAD', `The file name ${shownName(name)} ${fault}. Rename it.`);
}

/**
 * The name under which the chat keeps a file: the last part of a peer's dst_name, which may name sub-directories. A
 * dst_name that tries to climb out of its directory is refused rather than cut down to something harmless.
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

/** A name as it may stand in a message: quoted, cut at 80 characters, with anything unshowable escaped. */
export function shownName(name: string): string {
  const characters = Array.from(name.slice(0, SHOWN_CHARACTERS * 2));
  const cut = characters.slice(0, SHOWN_CHARACTERS).map((character) => {
    if (!UNSHOWABLE.test(character)) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${cut.join('')}${characters.length > SHOWN_CHARACTERS ? '…' : ''}"`;
}

/** Why this cannot be the name of one file in one directory, worded to follow the name; undefined when it can. */
export function faultOf(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name === '.' || name === '..') return 'is a step between directories, not a file';
  if (name.includes('/') || name.includes('\\')) return 'has a slash or a backslash in it';
  if (UNSHOWABLE.test(name)) return 'has control characters in it';
  if (Buffer.byteLength(name) > LIMITS.fileNameBytes) return `is longer than ${LIMITS.fileNameBytes} bytes`;
  // Whatever its case: some file systems do not tell the cases apart.
  if (name.toLowerCase().startsWith(PARTIAL_PREFIX)) return 'is kept for files that are still arriving';
  return undefined;
}
