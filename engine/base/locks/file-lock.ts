import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Clock } from '../ports.ts';
import { removeLock } from './remove-lock.ts';

export interface FileLock {
  /** The lock file, which exists while the lock is held. Its directory must exist. */
  readonly path: string;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

/**
 * Runs `action` while no other process holds the lock, to change a file that several processes change. A lock of a dead
 * process of this machine is taken over at once, any other lock after LIMITS.lockStaleMs.
 *
 * @throws the system's error if the file cannot be created; the error of `action`
 */
export async function withFileLock<T>(lock: FileLock, action: () => Promise<T>): Promise<T> {
  const token = `${process.pid} ${randomBytes(8).toString('hex')} ${hostname()}`;
  await acquire(lock, token);
  try {
    return await action();
  } finally {
    // Another process may have taken over a lock that was held too long.
    while (!(await removeLock(lock.path, token))) await retryDelay(lock.clock);
  }
}

async function acquire({ path, clock }: FileLock, token: string): Promise<void> {
  let holder = '';
  let sinceMs = clock.now();
  while (!(await make(path, token))) {
    const seen = await holderOf(path);
    if (seen !== holder) {
      holder = seen;
      sinceMs = clock.now();
    } else if (isDead(holder) || clock.now() - sinceMs > LIMITS.lockStaleMs) {
      if (await removeLock(path, seen)) continue;
    }
    await retryDelay(clock);
  }
}

function retryDelay(clock: FileLock['clock']): Promise<void> {
  return new Promise((resolve) => clock.after(LIMITS.lockRetryMs, () => resolve()));
}

async function make(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: 'wx', mode: 0o660 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The token in the file; '' if the file is missing or was just created. */
async function holderOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function isDead(token: string): boolean {
  const [pid, , host] = token.split(' ');
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}
