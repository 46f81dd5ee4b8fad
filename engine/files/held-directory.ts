import { constants, type Stats } from 'node:fs';
import {
  access,
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  rmdir,
  unlink,
  utimes,
} from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { isForeign } from '../base/own-directory.ts';
import { shownPath } from './disk-errors.ts';
import { receivedSeconds } from './received-mode.ts';

export interface HoldOptions {
  /** Whether /proc/self/fd gives paths through open directories. Default: what this system has. */
  readonly throughDescriptors?: boolean;
}

/**
 * An open directory, for writing into exactly this one: a name is looked up in it even if somebody moves it, or puts a
 * symbolic link in the place of a directory above. Node has no `openat`; on Linux the path of the open descriptor
 * (`/proc/self/fd/N/name`) is its equal. On other systems a directory is only held if no other user can change what is in
 * it. Close it in any case.
 */
export class HeldDirectory {
  /** The path by which it was opened, without symbolic links. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #isThroughDescriptor: boolean;
  readonly #base: string;

  private constructor(handle: FileHandle, path: string, isThroughDescriptor: boolean) {
    this.#handle = handle;
    this.path = path;
    this.#isThroughDescriptor = isThroughDescriptor;
    this.#base = isThroughDescriptor ? `/proc/self/fd/${handle.fd}` : path;
  }

  /**
   * @param path absolute, without symbolic links
   * @throws AiocError AIOC_DIRECTORY if other users can change it; the system's error, as ENOTDIR for a symbolic link
   */
  static async open(path: string, options: HoldOptions = {}): Promise<HeldDirectory> {
    const throughDescriptors = options.throughDescriptors ?? (await hasDescriptorPaths());
    if (!throughDescriptors) return HeldDirectory.#open(path, path, false);
    const { root } = parse(path);
    let at = await HeldDirectory.#open(root, root, true);
    for (const segment of path.slice(root.length).split(sep)) {
      if (segment === '') continue;
      const above = at;
      try {
        at = await above.enter(segment);
      } finally {
        await above.close();
      }
    }
    return at;
  }

  static async #open(
    at: string | Buffer,
    path: string,
    isThroughDescriptor: boolean,
  ): Promise<HeldDirectory> {
    const handle = await openDirectory(at, isThroughDescriptor);
    try {
      if (!isThroughDescriptor) checkUnshared(path, await handle.stat());
      return new HeldDirectory(handle, path, isThroughDescriptor);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Opens a directory in it; a symbolic link is none. @throws the system's error */
  enter(name: string | Buffer): Promise<HeldDirectory> {
    return HeldDirectory.#open(this.at(name), join(this.path, name.toString()), this.#isThroughDescriptor);
  }

  /**
   * Opens a directory in it, and creates it if it is missing, with this mode whatever the umask.
   * @throws the system's error
   */
  async make(name: string | Buffer, mode: number): Promise<{ directory: HeldDirectory; isNew: boolean }> {
    let isNew = true;
    try {
      await mkdir(this.at(name), { mode: mode & OWNER_ONLY });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      isNew = false;
    }
    const directory = await this.enter(name);
    try {
      if (isNew) await directory.chmod(mode);
      return { directory, isNew };
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  /**
   * A path for functions of `node:fs` that leads to a name in this directory, wherever it is. Only functions that do not
   * follow a symbolic link in the last part are safe.
   */
  at(name: string | Buffer): string | Buffer {
    if (typeof name === 'string') return `${this.#base}/${name}`;
    return Buffer.concat([Buffer.from(`${this.#base}/`), name]);
  }

  /** The path that leads to this directory, wherever it is. */
  get base(): string {
    return this.#base;
  }

  /** Its descriptor, for a program that gets it. */
  get descriptor(): number {
    return this.#handle.fd;
  }

  /** What a name in it is; undefined: nothing. */
  async find(name: string | Buffer): Promise<Stats | undefined> {
    try {
      return await lstat(this.at(name));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  stat(): Promise<Stats> {
    return this.#handle.stat();
  }

  /** Sets its mode, also of one that may not be read. */
  async chmod(mode: number): Promise<void> {
    if (this.#isThroughDescriptor) await chmod(this.#base, mode);
    else await this.#handle.chmod(mode);
  }

  /**
   * Sets the mode of a file in it, also of one that may not be read.
   * @returns false, with nothing changed, if it is no file of this user or has another name as well
   */
  async setMode(name: string | Buffer, mode: number): Promise<boolean> {
    const handle = await open(this.at(name), (this.#isThroughDescriptor ? O_PATH : 0) | constants.O_NOFOLLOW);
    try {
      const found = await handle.stat();
      if (!found.isFile() || found.nlink !== 1 || found.uid !== (process.geteuid?.() ?? found.uid))
        return false;
      if (this.#isThroughDescriptor) await chmod(`/proc/self/fd/${handle.fd}`, mode);
      else await handle.chmod(mode);
      return true;
    } finally {
      await handle.close();
    }
  }

  /** Gives it its final mode and time. */
  async finish(mode: number, mtimeMs: number): Promise<void> {
    const seconds = receivedSeconds(mtimeMs);
    if (this.#isThroughDescriptor) await utimes(this.#base, seconds, seconds);
    else await this.#handle.utimes(seconds, seconds);
    await this.chmod(mode);
  }

  /** Makes what was created and renamed in it survive a power loss, if the system can. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      // EBADF: it may not be read, so it was opened for the path only.
      if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EACCES', 'EBADF'].includes(systemCode(error) ?? '')) throw error;
    }
  }

  /** The names in it, as bytes. */
  async *names(): AsyncGenerator<Buffer> {
    const entries = await opendir(this.#base, { encoding: 'buffer' as BufferEncoding });
    for await (const { name } of entries) yield name as unknown as Buffer;
  }

  /**
   * Deletes what has this name, a directory with all that is in it, whatever its mode. Symbolic links are deleted, not
   * followed. A missing name is no error.
   */
  async remove(name: string | Buffer): Promise<void> {
    const found = await this.find(name);
    if (found === undefined) return;
    if (!found.isDirectory()) {
      await unlink(this.at(name));
      return;
    }
    const inner = await this.enter(name);
    try {
      await inner.#removeContents();
    } finally {
      await inner.close();
    }
    await rmdir(this.at(name));
  }

  async #removeContents(): Promise<void> {
    // Its owner can open up a directory of any mode. One of somebody else may still be open enough.
    await this.chmod(0o700).catch((error: unknown) => {
      if (systemCode(error) !== 'EPERM') throw error;
    });
    // All names first: what a listing shows while its entries are deleted is not defined everywhere.
    const names: Buffer[] = [];
    for await (const name of this.names()) names.push(name);
    for (const name of names) await this.remove(name);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** `EACCES`: it may be entered and written, but not listed. Linux can open it for its path only. */
async function openDirectory(at: string | Buffer, isThroughDescriptor: boolean): Promise<FileHandle> {
  const flags = constants.O_DIRECTORY | constants.O_NOFOLLOW;
  try {
    return await open(at, flags | constants.O_RDONLY);
  } catch (error) {
    if (!isThroughDescriptor || systemCode(error) !== 'EACCES') throw error;
    return open(at, flags | O_PATH);
  }
}

function checkUnshared(path: string, found: Stats): void {
  if (!isForeign(found) && (found.mode & OTHERS_WRITE) === 0) return;
  throw new AiocError(
    'AIOC_DIRECTORY',
    `${shownPath(path)} is not used: other users of this machine can replace its contents. Use chmod go-w`,
    { forPeer: 'other users there can replace what is in its directory' },
  );
}

let descriptorPaths: Promise<boolean> | undefined;

function hasDescriptorPaths(): Promise<boolean> {
  descriptorPaths ??= access('/proc/self/fd').then(
    () => process.platform === 'linux',
    () => false,
  );
  return descriptorPaths;
}

/** Of Linux; Node does not name it. */
const O_PATH = 0o10000000;
const OWNER_ONLY = 0o700;
const OTHERS_WRITE = 0o022;
