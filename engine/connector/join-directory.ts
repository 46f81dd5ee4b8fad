import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { takeProcessLock } from '../base/locks/process-lock.ts';
import { ensureDirectory, PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import { exists } from '../base/read-small-file.ts';

/** Held while a client joins, which may take a minute: another one would share its key, or remove it. */
const LOCK = '.joining';

/** How often a directory is made again that another process removes at the same moment. */
const ATTEMPTS = 3;

/**
 * Runs `action` while no other process or call does in this directory, which is made if it is missing. If that fails, a
 * directory that was made for it is removed, unless what is in it is still wanted.
 *
 * @param isWanted whether a failed action leaves something of use
 * @throws AiocError AIOC_CERTIFICATES if another one is running, AIOC_DIRECTORY, AIOC_CONFIG; the error of `action`
 */
export async function inOwnDirectory<T>(
  path: string,
  isWanted: (error: unknown) => Promise<boolean>,
  action: () => Promise<T>,
): Promise<T> {
  const isNew = !(await exists(path));
  const release = await lockIn(path);
  let isEmpty = false;
  try {
    return await action();
  } catch (error) {
    if (isNew && !(await isWanted(error))) isEmpty = await empty(path);
    throw error;
  } finally {
    await release();
    // Fails if another process has begun to use it.
    if (isEmpty) await rmdir(path).catch(() => undefined);
  }
}

async function lockIn(path: string): Promise<() => Promise<void>> {
  for (let attempt = 1; ; attempt += 1) {
    await ensureDirectory({ path, key: 'DIRECTORY', mode: PRIVATE_DIRECTORY });
    try {
      return await takeProcessLock(join(path, LOCK));
    } catch (error) {
      if (systemCode(error) === 'ENOENT' && attempt < ATTEMPTS) continue;
      if (!(error instanceof AiocError)) throw error;
      throw new AiocError(
        'AIOC_CERTIFICATES',
        `another aioc join uses ${path}: wait until it ends, or give another directory`,
        { cause: error },
      );
    }
  }
}

async function empty(path: string): Promise<boolean> {
  for (const name of await readdir(path))
    if (name !== LOCK) await rm(join(path, name), { recursive: true, force: true });
  return true;
}
