import { isUtf8 } from 'node:buffer';
import { access, readdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errorAbout } from './disk-errors.ts';

/** Replaces bytes in a text that are not UTF-8. */
const REPLACEMENT = '\ufffd';
/** A byte that is not UTF-8, as Python programs encode it (surrogateescape), and the code of byte 0. */
const ESCAPED = /[\udc80-\udcff]/gu;
const ESCAPED_ZERO = 0xdc00;
const SLASH = Buffer.from('/');

/**
 * Finds the path that a text means if some of its bytes were lost: file names are bytes, but arguments are texts. It is
 * the only entry of each directory that reads like the text. Python programs escape such bytes, so they lose none.
 *
 * @returns the path itself if it exists, or if nothing reads like it
 * @throws AiocError AIOC_FILE_NAME_BAD if several entries read the same
 */
export async function meantPath(path: string): Promise<string | Buffer> {
  if (path.search(ESCAPED) >= 0) return unescapedPath(path);
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

/** A readable name for a file whose name is not UTF-8: `_` replaces other bytes. */
export function readableName(name: string): string {
  return name.replaceAll(REPLACEMENT, '_').replace(ESCAPED, '_');
}

/** A name from a peer, made readable if Python escaped bytes that are not UTF-8. */
export function incomingName(name: string): string {
  return name.search(ESCAPED) < 0 ? name : readableName(name);
}

/**
 * The name that a file or directory has at the peer: its own if that is valid text.
 *
 * @param meant the result of `meantPath` for the path
 */
export function outgoingName(path: string, meant: string | Buffer): string {
  const name = basename(resolve(path));
  return typeof meant === 'string' ? name : readableName(name);
}

/** The path as Python programs encode it, which loses no byte. */
export function escapedPath(path: string, meant: string | Buffer): string {
  if (typeof meant === 'string') return path;
  let escaped = '';
  for (let at = 0, bytes = 1; at < meant.length; at += bytes) {
    const first = meant[at] as number;
    bytes = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const character = meant.subarray(at, at + bytes);
    if (isUtf8(character)) escaped += character.toString();
    else {
      escaped += String.fromCharCode(ESCAPED_ZERO + first);
      bytes = 1;
    }
  }
  return escaped;
}

function unescapedPath(path: string): Buffer {
  const parts: Buffer[] = [];
  let end = 0;
  for (const { 0: byte, index } of path.matchAll(ESCAPED)) {
    parts.push(Buffer.from(path.slice(end, index)), Buffer.from([byte.charCodeAt(0) - ESCAPED_ZERO]));
    end = index + 1;
  }
  return Buffer.concat([...parts, Buffer.from(path.slice(end))]);
}

async function entryLike(directory: Buffer, part: string, path: string): Promise<Buffer | undefined> {
  const at = directory.length === 0 ? SLASH : directory;
  const names = await readdir(at, { encoding: 'buffer' }).catch(() => []);
  const alike = names.filter((name) => name.toString() === part);
  if (alike.length < 2) return alike[0];
  const listed = alike.map((name) => `"${spelled(name)}"`).join(', ');
  throw errorAbout(
    dirname(path),
    'AIOC_FILE_NAME_BAD',
    (shown) =>
      `In ${shown}, ${alike.length} names that are not UTF-8 look the same: ${listed}. Rename the one you mean.`,
  );
}

/** Its bytes in the form of a shell's `$'…'`. */
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
