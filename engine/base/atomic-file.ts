/** Writing whole files so that a crash leaves the old text or the new one. */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './errors.ts';
import type { Randomness } from './ports.ts';

/** Files begin with this while they are being written; one that is still there after a crash belongs to nobody. */
export const UNFINISHED_PREFIX = '.new-';

/** Readable by all, writable by their owner alone. */
export const PUBLIC_MODE = 0o644;
export const PRIVATE_MODE = 0o600;

/** Writes a file that must not be there yet, with its mode from the first moment on, down to the disk. */
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
  /** Asked when all is ready: true leaves the older file where it is. */
  readonly unless?: () => Promise<boolean>;
}

/**
 * Puts a file in place of an older one, or none, at one stroke: a crash leaves the old one or the new one.
 *
 * @returns false when `unless` was true
 */
export async function replaceDurably(
  path: string,
  text: string,
  { mode, random = { bytes: randomBytes }, unless }: ReplaceOptions,
): Promise<boolean> {
  const unfinished = unfinishedBeside(path, random);
  try {
    await writeDurably(unfinished, text, mode);
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
 * Changes the text of a file that belongs to somebody else, a user's configuration say: its mode, owner and links stay,
 * and a text that stays the same is not written. It is replaced at one stroke where that keeps all of this; otherwise
 * (a directory that may not be written, a file that is mounted by itself, has another owner, or has several names) it is
 * written in place, and the old text is put back when that fails.
 *
 * @param change the new text out of the old one
 * @throws the system's own error, with the file as it was
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

/** @returns false, with nothing changed, where only the file itself can be written */
async function replaceAlike(path: string, bytes: Buffer, { mode, uid, gid }: Stats): Promise<boolean> {
  // What the system does not let its owner replace may not be replaced by us either, though the directory is ours.
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

/** EBUSY: the file is a mount of its own, as in a container; EXDEV: the like on some file systems. */
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
      // Its room on the disk is there: it held this text a moment ago.
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

/** Makes what was renamed in a directory outlive a loss of power, where the system lets us. */
export async function syncDirectory(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a directory, some directories may be written and not read: then the rename is as
    // durable as it gets.
    if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle?.close();
  }
}

function unfinishedBeside(path: string, random: Pick<Randomness, 'bytes'> = { bytes: randomBytes }): string {
  return join(dirname(path), `${UNFINISHED_PREFIX}${random.bytes(8).toString('hex')}`);
}
