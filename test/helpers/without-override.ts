import { spawnSync } from 'node:child_process';

/** Takes root's power to read everything away, and nothing else. */
const LAUNCHER = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];

/**
 * What to start a program with so that file permissions mean something to it; undefined when this machine has no way.
 * Who isn't root needs nothing.
 */
export function withoutOverride(): readonly string[] | undefined {
  if (process.geteuid?.() !== 0) return [];
  const [command = '', ...args] = LAUNCHER;
  return spawnSync(command, [...args, 'true']).status === 0 ? LAUNCHER : undefined;
}
