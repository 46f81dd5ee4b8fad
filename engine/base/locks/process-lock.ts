import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { AiocError, systemCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { removeLock } from './remove-lock.ts';

/** Increased when the format of the line in the lock file changes. */
const FORMAT = 'aioc-lock-1';

/**
 * Takes a lock until it is released or this process ends. A lock of a dead process of this machine is taken over, even
 * if another process now has its id. A lock of another machine is never taken over, because its process may be alive.
 *
 * @returns a function that releases the lock
 * @throws AiocError AIOC_JOURNAL_IN_USE; the message names the holder
 */
export async function takeProcessLock(path: string): Promise<() => Promise<void>> {
  const token = `${FORMAT} ${process.pid} ${await startOf(process.pid)} ${randomBytes(8).toString('hex')} ${hostname()}`;
  // The lock file appears with its line in it, so that no process ever reads an empty one.
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(own, token, { flag: 'wx', mode: 0o600 });
  try {
    while (!(await linked(own, path))) {
      const holder = await tokenIn(path);
      if (await isAlive(holder)) {
        throw new AiocError(
          'AIOC_JOURNAL_IN_USE',
          `${path} is held by ${describeHolder(holder)}: stop that process first`,
        );
      }
      if (!(await removeLock(path, holder))) await setTimeout(LIMITS.lockRetryMs);
    }
  } finally {
    await rm(own, { force: true });
  }
  return async () => {
    while (!(await removeLock(path, token))) await setTimeout(LIMITS.lockRetryMs);
  };
}

/** Describes the living process that holds the lock; undefined if there is none. */
export async function lockHolder(path: string): Promise<string | undefined> {
  const holder = await tokenIn(path);
  return (await isAlive(holder)) ? describeHolder(holder) : undefined;
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function tokenIn(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
}

function describeHolder(token: string): string {
  const [, pid, , , host] = token.split(' ');
  return host === hostname() ? `process ${pid}` : `process ${pid} of ${host}`;
}

async function isAlive(token: string): Promise<boolean> {
  const [format, pid, start, , host] = token.split(' ');
  // Not a line of ours: what remains after a power loss.
  if (format === undefined || !format.startsWith('aioc-lock-')) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
  }
  return (await startOf(Number(pid))) === start;
}

/** When a process started, as the system counts it; '-' if unknown, 'ended' for a zombie. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in brackets, which may contain spaces and brackets.
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return words[0] === 'Z' || words[0] === 'X' ? 'ended' : (words[19] ?? '-');
}
