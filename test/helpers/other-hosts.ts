import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes the words of a command that runs another one with a host file of its own, seen by it alone.
 *
 * @param directory where that file is written
 * @param lines of the host file
 * @returns undefined where this machine lets nobody do that (mount namespaces need rights)
 */
export function withHosts(
  directory: string,
  lines: readonly string[],
): ((command: readonly string[]) => [string, string[]]) | undefined {
  const file = join(directory, 'hosts');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const enter = ['-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', file];
  const works = spawnSync('unshare', [...enter, 'true']).status === 0;
  return works ? (command) => ['unshare', [...enter, ...command]] : undefined;
}
