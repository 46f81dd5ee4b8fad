import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/**
 * Takes the lock file with that mark away, and no other one: between looking and removing somebody else might have
 * removed it and made its own. So only one at a time may remove, who has made a directory beside it.
 *
 * @returns false when somebody else is at it; then look again a little later
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

/** The directories of others' turns, and since when this process has seen them unchanged, on a clock that nobody sets. */
const turnsSeen = new Map<string, { readonly identity: string; readonly sinceMs: number }>();

/**
 * A turn takes no time: one that has not changed for LIMITS.lockStaleMs is that of a process that was killed in the
 * middle of it. Its age by the file's time would be wrong after a change of the wall clock.
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
