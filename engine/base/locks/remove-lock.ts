import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/**
 * Removes the lock file if it has this token. Another process could replace the file between the check and the removal,
 * so a directory beside it serialises removals.
 *
 * @returns false if another process is removing it: retry a little later
 */
export async function removeLock(path: string, token: string): Promise<boolean> {
  const guard = `${path}.turn`;
  if (!(await made(guard))) {
    await removeStale(guard);
    return false;
  }
  removalsSeen.delete(guard);
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === token) await rm(path, { force: true });
  } finally {
    await rmdir(guard).catch(() => undefined);
  }
  return true;
}

async function made(guard: string): Promise<boolean> {
  try {
    await mkdir(guard, { mode: 0o700 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Directories that other processes created for a removal, and since when this process has seen them unchanged. */
const removalsSeen = new Map<string, { readonly identity: string; readonly sinceMs: number }>();

/**
 * A removal takes no time. A directory that is unchanged for LIMITS.lockStaleMs belongs to a process that was killed
 * during it. The age is measured with the monotonic clock: file times are wrong after the wall clock changes.
 */
async function removeStale(guard: string): Promise<void> {
  const found = await stat(guard, { bigint: true }).catch(() => undefined);
  if (found === undefined) {
    removalsSeen.delete(guard);
    return;
  }
  const identity = `${found.dev}:${found.ino}:${found.ctimeNs}`;
  const seen = removalsSeen.get(guard);
  if (seen?.identity !== identity) {
    removalsSeen.set(guard, { identity, sinceMs: performance.now() });
  } else if (performance.now() - seen.sinceMs > LIMITS.lockStaleMs) {
    removalsSeen.delete(guard);
    await rmdir(guard).catch(() => undefined);
  }
}
