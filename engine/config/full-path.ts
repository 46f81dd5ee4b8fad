import { join, resolve } from 'node:path';
import { homeDirectory } from '../base/home.ts';

/**
 * The absolute path for a path in a configuration. `~` is the home directory; `$NAME` and `${NAME}` are environment
 * variables (unset ones are kept as written); relative paths start at the working directory.
 *
 * @returns undefined for a path in the home directory of a user without one
 */
export function fullPath(path: string): string | undefined {
  return resolved(withHome(path.replace(/\$(?:(\w+)|\{(\w+)\})/g, variable)));
}

/** The same for a directory pattern, in which `{name}` is a placeholder for a header key. */
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
