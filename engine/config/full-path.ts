import { join, resolve } from 'node:path';
import { homeDirectory } from '../base/home.ts';

/**
 * The absolute path that a configuration means: `~` is the home directory, `$NAME` and `${NAME}` are variables of the
 * environment (one that is not set stays as it is written), and the rest is relative to the working directory.
 *
 * @returns undefined for a path in the home directory of a user who has none
 */
export function fullPath(path: string): string | undefined {
  return resolved(withHome(path.replace(/\$(?:(\w+)|\{(\w+)\})/g, variable)));
}

/** The same for a directory whose name is made from a message's header: there `{name}` is a placeholder. */
export function fullDirectoryPattern(pattern: string): string | undefined {
  return resolved(withHome(pattern.replace(/\$(\w+)/g, variable)));
}

function variable(written: string, bare: string | undefined, braced?: unknown): string {
  const name = bare ?? (typeof braced === 'string' ? braced : '');
  return process.env[name] ?? written;
}

function withHome(path: string): string | undefined {
  if (path !== '~' && !path.startsWith('~/')) return path;
  const home = homeDirectory();
  return home && join(home, path.slice(1));
}

function resolved(path: string | undefined): string | undefined {
  return path && resolve(path);
}
