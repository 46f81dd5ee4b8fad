import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import type { LeftOut, OpenBody } from '../queues/outgoing-body.ts';
import { fittingName } from './free-name.ts';
import { meantPath } from './lossy-path.ts';
import { openOutgoing } from './outgoing-file.ts';
import { zipDirectory } from './zip-directory.ts';

/** A place for an archive, which does not exist yet. */
interface ArchiveRoom {
  readonly path: string;
  /** @throws AiocError if so many bytes more are too many, or the disk has no room for them */
  grow(bytes: number): Promise<void>;
  discard(): Promise<void>;
}

export interface DirectoryArchiveOptions {
  readonly path: string;
  /** The name of the directory at the peer, maybe in subdirectories. */
  readonly name: string;
  /** @throws AiocError if there is no place for one more */
  reserve(): Promise<ArchiveRoom>;
}

interface Packed {
  readonly room: ArchiveRoom;
  readonly skipped: number;
}

/**
 * The zip file of a directory, for a peer that takes no transfers. It is made once, when it is sent for the first time,
 * and stays until the message is over: what is sent again is the same.
 */
export class DirectoryArchive {
  readonly #options: DirectoryArchiveOptions;
  readonly #stop = new AbortController();
  #packing: Promise<Packed> | undefined;

  constructor(options: DirectoryArchiveOptions) {
    this.#options = options;
  }

  /** Whether the path is a directory now. */
  async isWanted(): Promise<boolean> {
    const found = await meantPath(this.#options.path)
      .then((meant) => stat(meant))
      .catch(() => undefined);
    return found?.isDirectory() ?? false;
  }

  /** @throws AiocError as zipDirectory and `reserve` */
  async open(): Promise<OpenBody> {
    const packing = this.#packing ?? this.#pack();
    this.#packing = packing;
    try {
      const { room, skipped } = await packing;
      const file = await openOutgoing(room.path);
      return { ...file, packed: { name: zipNameOf(this.#options.name), leftOut: leftOutOf(skipped) } };
    } catch (error) {
      // The next attempt finds the directory as it is then.
      if (this.#packing === packing) this.#packing = undefined;
      throw error;
    }
  }

  /** Stops the packing, and deletes the archive. Never fails. */
  async remove(): Promise<void> {
    this.#stop.abort();
    const packed = await this.#packing?.catch(() => undefined);
    await packed?.room.discard();
  }

  async #pack(): Promise<Packed> {
    const room = await this.#options.reserve();
    try {
      const { skipped } = await zipDirectory({
        directory: await meantPath(this.#options.path),
        targetFile: room.path,
        signal: this.#stop.signal,
        onFound: (totalBytes) => room.grow(totalBytes),
        onProgress: () => undefined,
      });
      return { room, skipped };
    } catch (error) {
      await room.discard();
      throw error;
    }
  }
}

/** The name of the archive of a directory, in the same subdirectory. */
export function zipNameOf(name: string): string {
  const { dir, base } = posix.parse(name);
  return posix.join(dir, fittingName(`${base || 'root'}.zip`));
}

/** What a zip file does not have of a directory. */
export function leftOutOf(skipped: number): LeftOut {
  const first = [['links and special files', 'a zip file has none']] as const;
  return { count: skipped, first: skipped === 0 ? [] : first };
}
