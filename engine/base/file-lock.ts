import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCode } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Clock } from './ports.ts';

export interface FileLock {
  /** A file that only the holder has made; its directory must be there. */
  readonly path: string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

/**
 * Runs `action` while no other process does so under the same path: for files that several processes read, change and
 * write back. The lock of a process of this machine that has died is taken over at once, any other after
 * LIMITS.lockStaleMs, so nobody waits for ever.
 *
 * @throws the system's own error when the file cannot be made; what `action` throws
 */
export async function withFileLock<T>(lock: FileLock, action: () => Promise<T>): Promise<T> {
  const mark = `${process.pid} ${randomBytes(8).toString('hex')} ${hostname()}`;
  await acquire(lock, mark);
  try {
    return await action();
  } finally {
    // Whoever has held it too long may have lost it to another.
    if ((await holderOf(lock.path)) === mark) await rm(lock.path, { force: true });
  }
}

async function acquire({ path, clock }: FileLock, mark: string): Promise<void> {
  let holder = '';
  let sinceMs = clock.now();
  while (!(await make(path, mark))) {
    const seen = await holderOf(path);
    if (seen !== holder) {
      holder = seen;
      sinceMs = clock.now();
    } else if (isDead(holder) || clock.now() - sinceMs > LIMITS.lockStaleMs) {
      await remove(path, seen);
      continue;
    }
    await new Promise<void>((resolve) => clock.after(LIMITS.lockRetryMs, resolve));
  }
}

async function make(path: string, mark: string): Promise<boolean> {
  try {
    await writeFile(path, mark, { flag: 'wx', mode: 0o660 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away the lock with that mark. Two may want to at once, and the other may have made its own meanwhile. */
async function remove(path: string, mark: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await holderOf(aside)) !== mark) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** The mark in the file; '' when it is gone, or has just been made. */
async function holderOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function isDead(mark: string): boolean {
  const [pid, , host] = mark.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}
