import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The absolute path that a configuration means: `~` is the home directory, `$NAME` and `${NAME}` are variables of the
 * environment (one that is not set stays as it is written), and the rest is relative to the working directory.
 */
export function fullPath(path: string): string {
  return resolve(withHome(path.replace(/\$(?:(\w+)|\{(\w+)\})/g, variable)));
}

/** The same for a directory whose name is made from a message's header: there `{name}` is a placeholder. */
export function fullDirectoryPattern(pattern: string): string {
  return resolve(withHome(pattern.replace(/\$(\w+)/g, variable)));
}

function variable(written: string, bare: string | undefined, braced?: unknown): string {
  const name = bare ?? (typeof braced === 'string' ? braced : '');
  return process.env[name] ?? written;
}

function withHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
