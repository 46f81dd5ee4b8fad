import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, lstat, lutimes, mkdir, readlink, symlink, utimes } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import { cancelled } from './directory-walk.ts';
import { readError, shownPath } from './disk-errors.ts';
import { requireSpace } from './disk-space.ts';
import { walkTree } from './tree-walk.ts';

export interface TreeCopy {
  readonly from: string | Buffer;
  /** Must not exist. */
  readonly to: string;
  /** Existing, on the same disk as `to`. */
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/**
 * Copies a directory with its files, links and times. Links stay links. Of a failed copy, `to` may stay in part.
 *
 * @throws AiocError AIOC_FILE_UNREADABLE, AIOC_FILE_WRITE, AIOC_CANCELLED; errors of the system
 */
export async function copyTree({ from, to, directory, signal }: TreeCopy): Promise<void> {
  const source = Buffer.from(from);
  await requireSpace(directory, await sizeOf(source));
  const directories: { readonly path: Buffer; readonly found: Stats }[] = [];
  for await (const { path, name, isDirectory, unreadable } of walkTree(source)) {
    if (signal?.aborted) throw cancelled();
    if (unreadable !== undefined) throw unreadable;
    const target = name.length === 0 ? Buffer.from(to) : Buffer.concat([Buffer.from(`${to}/`), name]);
    const found = await lstat(path);
    if (isDirectory) {
      // Its own mode comes last: it may allow no entries.
      await mkdir(target, { mode: 0o700 });
      directories.push({ path: target, found });
    } else await copyEntry(path, target, found);
  }
  for (const { path, found } of directories.reverse()) {
    await utimes(path, found.atime, found.mtime);
    await chmod(path, found.mode & 0o777);
  }
}

async function copyEntry(path: Buffer, target: Buffer, found: Stats): Promise<void> {
  if (found.isSymbolicLink()) {
    await symlink(await readlink(path, { encoding: 'buffer' }), target);
    await lutimes(target, found.atime, found.mtime);
    return;
  }
  if (!found.isFile()) {
    const kind = 'it is neither a file, a directory nor a link';
    throw new AiocError('AIOC_FILE_UNREADABLE', `Cannot copy ${shownPath(path.toString())}: ${kind}.`);
  }
  await copyFile(path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE).catch(
    (error: unknown) => {
      throw readError(path.toString(), error);
    },
  );
  await utimes(target, found.atime, found.mtime);
}

async function sizeOf(source: Buffer): Promise<number> {
  let bytes = 0;
  for await (const { path, isDirectory } of walkTree(source))
    if (!isDirectory) bytes += (await lstat(path)).blocks * BLOCK_BYTES;
  return bytes;
}

/** Of `Stats.blocks`. */
const BLOCK_BYTES = 512;
