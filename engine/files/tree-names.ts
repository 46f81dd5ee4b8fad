import { isUtf8 } from 'node:buffer';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PARTIAL_PREFIX } from './safe-name.ts';

/** The parts of a path in a tree; none for the tree itself. */
export interface TreePathParts {
  /** Empty for what is in the tree itself. */
  readonly parent: Buffer;
  readonly name: Buffer;
}

/**
 * @throws AiocError AIOC_FILE_NAME_BAD for a path that no walk through a tree gives: it may lead out of it
 */
export function treePathParts(path: Buffer): TreePathParts {
  const slash = path.lastIndexOf(SLASH);
  const name = path.subarray(slash + 1);
  const isHostile =
    name.length === 0 || name.equals(DOT) || name.equals(DOT_DOT) || name.includes(0) || slash === 0;
  if (!isHostile) return { parent: path.subarray(0, Math.max(0, slash)), name };
  throw new AiocError(
    'AIOC_FILE_NAME_BAD',
    `A path in the directory is not allowed: ${shownBytes(path)}. Nothing of it was stored.`,
  );
}

/** Why this name of a tree is left out here; undefined if it is not. Names need not be valid text. */
export function whyNameLeftOut(name: Buffer): string | undefined {
  if (name.length > LIMITS.fileNameBytes) return `its name is longer than ${LIMITS.fileNameBytes} bytes`;
  if (isUtf8(name) ? CONTROL_CHARACTERS.test(name.toString()) : name.some(isControlByte))
    return 'its name has control characters';
  if (name.toString('latin1').toLowerCase().startsWith(PARTIAL_PREFIX))
    return 'its name is reserved for incomplete files';
  return undefined;
}

/**
 * Whether a symbolic link could lead out of its tree. `..` may stand only at its beginning: behind the name of another link
 * it would go up from where that one leads.
 * @param path of the link in the tree
 */
export function leavesTree(path: Buffer, target: Buffer): boolean {
  if (target.length === 0 || target.includes(0) || target[0] === SLASH) return true;
  let depth = depthOf(path) - 1;
  let isBeginning = true;
  for (const part of target.toString('latin1').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') {
      isBeginning = false;
      continue;
    }
    depth -= 1;
    if (!isBeginning || depth < 0) return true;
  }
  return false;
}

/** 1 for what is in the tree itself. */
export function depthOf(path: Buffer): number {
  return path.filter((byte) => byte === SLASH).length + 1;
}

/** A path for a message: what is not readable in it is escaped. */
export function shownBytes(path: Buffer): string {
  const text = path.toString().slice(0, SHOWN_CHARACTERS);
  return `"${text.replace(UNSHOWABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

function isControlByte(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f;
}

const SLASH = 0x2f;
const DOT = Buffer.from('.');
const DOT_DOT = Buffer.from('..');
const SHOWN_CHARACTERS = 200;
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f-\x9f]/;
const UNSHOWABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
