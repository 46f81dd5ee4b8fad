import { stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { homeDirectory } from '../engine/screen-side.ts';
import { resolvePath } from './paths.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such directory',
  ENOTDIR: 'This is not a directory',
  EACCES: 'You may not enter this directory',
};

/** The directory of the chat's local commands, which `!cd` changes. That of the process stays. */
export class WorkingDirectory {
  #path: string;
  #before: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  /** With `~` for the home directory. */
  get shown(): string {
    const home = homeDirectory();
    if (home === undefined || home === sep) return this.#path;
    if (this.#path === home) return '~';
    return this.#path.startsWith(home + sep) ? `~${this.#path.slice(home.length)}` : this.#path;
  }

  /**
   * Goes to another directory; `-` is the one before, and nothing is home.
   *
   * @throws Error with the reason for the user
   */
  async change(to: string | undefined): Promise<void> {
    const wanted = this.#wanted(to);
    const failed = (why: string): Error => new Error(`${why}: ${wanted}`);
    const found = await stat(wanted).catch((error: NodeJS.ErrnoException) => {
      throw failed(REASONS[error.code ?? ''] ?? 'This directory cannot be read');
    });
    if (!found.isDirectory()) throw failed(REASONS['ENOTDIR'] ?? '');
    this.#before = this.#path;
    this.#path = wanted;
  }

  #wanted(to: string | undefined): string {
    if (to === '-') {
      if (this.#before === undefined)
        throw new Error('There is no earlier directory: !cd has not changed it yet');
      return this.#before;
    }
    if (to !== undefined) return resolvePath(to, this.#path);
    const home = homeDirectory();
    if (home === undefined) throw new Error('There is no home directory: name one, as in !cd /tmp');
    return home;
  }
}
