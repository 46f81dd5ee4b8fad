import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../base/errors.ts';
import type { Randomness } from '../base/ports.ts';

/** Files begin with this while they are being written; one that is still there after a crash belongs to nobody. */
export const UNFINISHED_PREFIX = '.new-';

/** Readable by all: certificates are no secret. Writable by their owner alone. */
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
  readonly random: Randomness;
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
  { mode, random, unless }: ReplaceOptions,
): Promise<boolean> {
  const unfinished = join(dirname(path), `${UNFINISHED_PREFIX}${random.bytes(8).toString('hex')}`);
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

export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a directory; there the rename is as durable as it gets.
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The text of a file with its permission bits; undefined when there is none, `'too-large'` beyond `limitBytes`. */
export async function readSmallFile(
  path: string,
  limitBytes: number,
): Promise<{ readonly text: string; readonly mode: number } | 'too-large' | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const { size, mode } = await handle.stat();
    if (size > limitBytes) return 'too-large';
    return { text: await handle.readFile('utf8'), mode: mode & 0o777 };
  } finally {
    await handle.close();
  }
}
