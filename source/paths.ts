import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { homeDirectory, meantPath } from '../engine/screen-side.ts';

const COMPLETIONS_MAX = 200;

/** The absolute path of what a user typed, relative to the working directory; `~` is the home directory, if there is one. */
export function resolvePath(path: string, workingDirectory: string): string {
  const home = path === '~' || path.startsWith('~/') ? homeDirectory() : undefined;
  if (home !== undefined) return join(home, path.slice(1));
  return resolve(workingDirectory, path);
}

/** Paths that begin with `prefix`, in the form in which the user typed it; directories end with a slash. */
export async function completePath(prefix: string, workingDirectory: string): Promise<readonly string[]> {
  const written = prefix.endsWith('/') ? prefix : prefix.slice(0, prefix.length - basename(prefix).length);
  const begun = prefix.slice(written.length);
  const directory = resolvePath(written === '' ? '.' : written, workingDirectory);
  const meant = (path: string): Promise<string | Buffer> => meantPath(path).catch(() => path);
  const entries = await readdir(await meant(directory)).catch(() => [] as string[]);
  const fitting = entries
    .filter((name) => name.startsWith(begun) && (begun.startsWith('.') || !name.startsWith('.')))
    .sort()
    .slice(0, COMPLETIONS_MAX);
  return Promise.all(
    fitting.map(async (name) => {
      const isDirectory = await stat(await meant(join(directory, name))).then(
        (info) => info.isDirectory(),
        () => false,
      );
      return `${written}${name}${isDirectory ? '/' : ''}`;
    }),
  );
}
