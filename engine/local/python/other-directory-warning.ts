import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LIMITS } from '../../base/limits.ts';
import { isLiveSocket } from '../unix-sockets.ts';

/**
 * Finds a live socket in the default directory that was not chosen: its programs or connectors do not reach those in the
 * chosen one. If the configuration sets another directory, nothing is searched.
 *
 * @returns the socket's path, or undefined
 */
export async function liveSocketElsewhere(
  directory: string,
  usualDirectories: readonly string[],
): Promise<string | undefined> {
  const here = resolve(directory);
  if (!usualDirectories.includes(here)) return undefined;
  for (const other of usualDirectories.filter((usual) => usual !== here)) {
    const names = await readdir(other).catch((): string[] => []);
    const sockets = names.filter((name) => name.startsWith('uds_path_')).sort();
    for (const name of sockets.slice(0, LIMITS.socketsTried)) {
      const path = join(other, name);
      if (await isLiveSocket(path)) return path;
    }
  }
  return undefined;
}
