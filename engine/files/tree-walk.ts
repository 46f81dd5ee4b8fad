import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import { readError } from './disk-errors.ts';
import { PARTIAL_PREFIX } from './safe-name.ts';

/** An entry of a directory that is sent, or why it cannot be looked into. Paths are bytes: they need not be valid text. */
export interface WalkedPath {
  /** On this machine. */
  readonly path: Buffer;
  /** Below the walked directory, with `/`; empty for that directory. */
  readonly name: Buffer;
  readonly isDirectory: boolean;
  /** Of a directory whose entries cannot be read. */
  readonly unreadable?: AiocError;
}

/** What `readdir` and `opendir` return for `encoding: 'buffer'`; their types do not say so. */
export type EntryInBytes = Pick<Dirent, 'isDirectory' | 'isFile'> & { readonly name: Buffer };

/**
 * Everything below a directory, and itself first: a directory before its entries, those in the order of their bytes. So
 * the same tree always gives the same sequence. Links are not followed. aioc's own incomplete files do not appear.
 */
export async function* walkTree(path: Buffer, name: Buffer = Buffer.alloc(0)): AsyncGenerator<WalkedPath> {
  const entries = await entriesOf(path);
  if (entries instanceof AiocError) {
    yield { path, name, isDirectory: true, unreadable: entries };
    return;
  }
  yield { path, name, isDirectory: true };
  for (const entry of entries) {
    const below = Buffer.concat([path, SLASH, entry.name]);
    const belowName = name.length === 0 ? entry.name : Buffer.concat([name, SLASH, entry.name]);
    if (entry.isDirectory()) yield* walkTree(below, belowName);
    else yield { path: below, name: belowName, isDirectory: false };
  }
}

async function entriesOf(path: Buffer): Promise<readonly EntryInBytes[] | AiocError> {
  try {
    const found = (await readdir(path, {
      withFileTypes: true,
      encoding: 'buffer' as BufferEncoding,
    })) as unknown as EntryInBytes[];
    return found
      .filter(({ name }) => !name.subarray(0, PREFIX.length).equals(PREFIX))
      .sort((left, right) => Buffer.compare(left.name, right.name));
  } catch (error) {
    return readError(path.toString(), error);
  }
}

const SLASH = Buffer.from('/');
const PREFIX = Buffer.from(PARTIAL_PREFIX);
