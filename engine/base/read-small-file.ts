import { lstat, open } from 'node:fs/promises';
import { systemCode } from './errors.ts';

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The text and permission bits of a file; undefined if it does not exist, `'too-large'` if it exceeds `limitBytes`. */
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
