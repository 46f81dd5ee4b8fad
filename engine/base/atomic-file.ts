/** Writes whole files so that a crash leaves either the old text or the new text. */
import type { Stats } from 'node:fs';
import { chown, type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './errors.ts';
import type { Randomness } from './ports.ts';

/** Prefix of a file that is being written. A file with it that remains after a crash can be deleted. */
export const UNFINISHED_PREFIX = '.new-';

/** Of the platform: a screen, which needs nothing else of `node:crypto`, would start 15 ms later with that. */
const UNIQUE: Pick<Randomness, 'bytes'> = {
  bytes: (count) => Buffer.from(crypto.getRandomValues(new Uint8Array(count))),
};

/** Everyone may read, the owner may write. */
export const PUBLIC_MODE = 0o644;
export const PRIVATE_MODE = 0o600;

/** Creates a file with its final mode and syncs it. Fails if the file exists. */
export async function writeDurably(path: string, text: string, mode: number = PRIVATE_MODE): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface ReplaceOptions {
  readonly mode: number;
  readonly random?: Pick<Randomness, 'bytes'>;
  /** Whose file it is. Default: this process's; only root can give it to another user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Called when the new file is ready; true keeps the old file. */
  readonly unless?: () => Promise<boolean>;
}

/**
 * Creates or replaces a file atomically and durably: a crash leaves either the old file or the new file.
 *
 * @returns false if `unless` returned true
 */
export async function replaceDurably(
  path: string,
  text: string,
  { mode, random = UNIQUE, owner, unless }: ReplaceOptions,
): Promise<boolean> {
  const unfinished = unfinishedBeside(path, random);
  try {
    await writeDurably(unfinished, text, mode);
    if (owner !== undefined && process.geteuid?.() === 0) await chown(unfinished, owner.uid, owner.gid);
    if (await unless?.()) {
      await rm(unfinished, { force: true });
      return false;
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
  return true;
}

/**
 * Changes the text of a file that belongs to the user, for example a configuration. Its mode, owner and links stay; an
 * unchanged text is not written. The file is replaced atomically if that keeps all of this. If not (a read-only
 * directory, a mounted file, another owner, hard links), it is written in place, and a failure restores the old text.
 *
 * @param change returns the new text for the old one
 * @throws the system's error; the file is unchanged
 */
export async function rewriteDurably(path: string, change: (text: string) => string): Promise<void> {
  const target = await realpath(path);
  const handle = await open(target, 'r');
  let before: Buffer;
  let found: Stats;
  try {
    found = await handle.stat();
    before = await handle.readFile();
  } finally {
    await handle.close();
  }
  const after = Buffer.from(change(before.toString()));
  if (after.equals(before)) return;
  if (found.nlink === 1 && (await replaceAlike(target, after, found))) return;
  await writeInPlace(target, { before, after });
}

/** @returns false, with nothing changed, if only the file itself can be written */
async function replaceAlike(path: string, bytes: Buffer, { mode, uid, gid }: Stats): Promise<boolean> {
  // A file that its owner may not write must not be replaced either, even if the directory is writable.
  if (!(await isWritable(path))) return false;
  const unfinished = unfinishedBeside(path);
  try {
    const handle = await open(unfinished, 'wx', PRIVATE_MODE);
    try {
      const own = await handle.stat();
      if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid);
      await handle.chmod(mode & 0o7777);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    if (ONLY_IN_PLACE.has(systemCode(error) ?? '')) return false;
    throw error;
  }
  await syncDirectory(dirname(path));
  return true;
}

/** EBUSY: the file is a mount, for example in a container. EXDEV: the same on some file systems. */
const ONLY_IN_PLACE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV']);

async function isWritable(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r+')).close();
    return true;
  } catch {
    return false;
  }
}

async function writeInPlace(
  path: string,
  { before, after }: { readonly before: Buffer; readonly after: Buffer },
): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    try {
      await overwrite(handle, after);
    } catch (error) {
      // The disk has room for it: the file had this text before.
      await overwrite(handle, before).catch(() => undefined);
      throw error;
    }
  } finally {
    await handle.close();
  }
}

async function overwrite(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, done);
    done += bytesWritten;
  }
  await handle.truncate(bytes.length);
  await handle.sync();
}

/** Makes renames in a directory survive a power loss, if the system supports it. */
export async function syncDirectory(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a directory, and some directories are writable but not readable. The rename cannot
    // be made more durable there.
    if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle?.close();
  }
}

function unfinishedBeside(path: string, random: Pick<Randomness, 'bytes'> = UNIQUE): string {
  return join(dirname(path), `${UNFINISHED_PREFIX}${random.bytes(8).toString('hex')}`);
}
