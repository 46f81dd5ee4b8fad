import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { systemCode } from './errors.ts';
import { LIMITS } from './limits.ts';

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

/** A turn takes no time: one that is this old is that of a process which was killed in the middle of it. */
async function endForgotten(turn: string): Promise<void> {
  const madeAtMs = await stat(turn).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  if (madeAtMs !== undefined && Date.now() - madeAtMs > LIMITS.lockStaleMs)
    await rmdir(turn).catch(() => undefined);
}
