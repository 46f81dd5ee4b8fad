import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/**
 * Removes the lock file if it has this mark. Another process could replace the file between the check and the removal,
 * so a directory beside it serialises removals.
 *
 * @returns false if another process is removing it: retry a little later
 */
export async function takeAwayLock(path: string, mark: string): Promise<boolean> {
  const turn = `${path}.turn`;
  if (!(await made(turn))) {
    await endForgotten(turn);
    return false;
  }
  turnsSeen.delete(turn);
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === mark) await rm(path, { force: true });
  } finally {
    await rmdir(turn).catch(() => undefined);
  }
  return true;
}

async function made(turn: string): Promise<boolean> {
  try {
    await mkdir(turn, { mode: 0o700 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Directories that other processes created for a removal, and since when this process has seen them unchanged. */
const turnsSeen = new Map<string, { readonly identity: string; readonly sinceMs: number }>();

/**
 * A removal takes no time. A directory that is unchanged for LIMITS.lockStaleMs belongs to a process that was killed
 * during it. The age is measured with the monotonic clock: file times are wrong after the wall clock changes.
 */
async function endForgotten(turn: string): Promise<void> {
  const found = await stat(turn, { bigint: true }).catch(() => undefined);
  if (found === undefined) {
    turnsSeen.delete(turn);
    return;
  }
  const identity = `${found.dev}:${found.ino}:${found.ctimeNs}`;
  const seen = turnsSeen.get(turn);
  if (seen?.identity !== identity) {
    turnsSeen.set(turn, { identity, sinceMs: performance.now() });
  } else if (performance.now() - seen.sinceMs > LIMITS.lockStaleMs) {
    turnsSeen.delete(turn);
    await rmdir(turn).catch(() => undefined);
  }
}
