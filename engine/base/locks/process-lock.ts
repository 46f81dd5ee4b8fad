import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { AiocError, systemCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { takeAwayLock } from './take-away-lock.ts';

/** Raised when the words of a lock's one line change. */
const FORMAT = 'aioc-lock-1';

/**
 * Takes a lock for as long as this process lives, or until it is given back. That of a process of this machine that has
 * died is taken over, also when another process has got its number meanwhile. One of another machine is respected:
 * nobody can tell from here whether that process lives.
 *
 * @returns what gives it back
 * @throws AiocError AIOC_JOURNAL_IN_USE saying who holds it
 */
export async function takeProcessLock(path: string): Promise<() => Promise<void>> {
  const mark = `${FORMAT} ${process.pid} ${await startOf(process.pid)} ${randomBytes(8).toString('hex')} ${hostname()}`;
  // It comes into being with its line in it, so that nobody ever reads an empty one.
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(own, mark, { flag: 'wx', mode: 0o600 });
  try {
    while (!(await linked(own, path))) {
      const holder = await markIn(path);
      if (await isAlive(holder)) {
        throw new AiocError(
          'AIOC_JOURNAL_IN_USE',
          `${path} is held by ${inWords(holder)}: stop that one first`,
        );
      }
      if (!(await takeAwayLock(path, holder))) await setTimeout(LIMITS.lockRetryMs);
    }
  } finally {
    await rm(own, { force: true });
  }
  return async () => {
    while (!(await takeAwayLock(path, mark))) await setTimeout(LIMITS.lockRetryMs);
  };
}

/** The living process that holds the lock, in words; undefined when there is none. */
export async function lockHolder(path: string): Promise<string | undefined> {
  const holder = await markIn(path);
  return (await isAlive(holder)) ? inWords(holder) : undefined;
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

async function markIn(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
}

function inWords(mark: string): string {
  const [, pid, , , host] = mark.split(' ');
  return host === hostname() ? `process ${pid}` : `process ${pid} of ${host}`;
}

async function isAlive(mark: string): Promise<boolean> {
  const [format, pid, start, , host] = mark.split(' ');
  // No word of ours: what a power loss has left of one.
  if (format === undefined || !format.startsWith('aioc-lock-')) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
  }
  return (await startOf(Number(pid))) === start;
}

/**
 * When a process began, in the system's own count; '-' where that cannot be known. One that has ended and whom nobody has
 * asked for its exit code, as where the first process of a container does not, began at no time: 'ended'.
 */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second word is the program's name in brackets, which may have blanks and brackets in it.
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return words[0] === 'Z' || words[0] === 'X' ? 'ended' : (words[19] ?? '-');
}
