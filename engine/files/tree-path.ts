import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { HeldDirectory } from './held-directory.ts';
import { treePathParts } from './tree-names.ts';
import type { TreeEntry } from './tree-stream.ts';

/** A directory of a tree, on the way from its root to the current entry. */
export interface TreeLevel {
  readonly entry: TreeEntry;
  /** Its name in the directory above. */
  readonly name: Buffer;
  /** It does not exist here, so nothing of it does. */
  readonly isLeftOut: boolean;
  /** The latest entry in it. */
  lastName: Buffer | undefined;
}

interface Level extends TreeLevel {
  directory: HeldDirectory | undefined;
}

/**
 * The way from the root of a tree to its current entry, as its stream goes on: depth first, names in the order of their
 * bytes. Few directories are open, however deep the tree is.
 */
export class TreePath {
  readonly #above: HeldDirectory;
  readonly #rootName: string;
  readonly #levels: Level[] = [];
  /** Left directories, in which files may still be written. */
  #left: HeldDirectory[] = [];

  /** @param above the directory in which the tree is, under the name `rootName` */
  constructor(above: HeldDirectory, rootName: string) {
    this.#above = above;
    this.#rootName = rootName;
  }

  get levels(): readonly TreeLevel[] {
    return this.#levels;
  }

  /** Directories that were left and may be closed when no file is written in them. */
  get leftOpen(): number {
    return this.#left.length;
  }

  /**
   * Goes to the directory of the next entry.
   * @returns its level, undefined for the root, and the directories that are complete, the deepest first
   * @throws AiocError AIOC_FRAME_BAD for a wrong order, AIOC_FILE_NAME_BAD
   */
  step(entry: TreeEntry): { parent: TreeLevel | undefined; name: Buffer; complete: readonly TreeLevel[] } {
    if (entry.path.length === 0) {
      if (this.#levels.length > 0 || entry.kind !== 'dir') throw disordered();
      return { parent: undefined, name: Buffer.from(this.#rootName), complete: [] };
    }
    const { parent: parentPath, name } = treePathParts(entry.path);
    let depth = this.#levels.length - 1;
    while (depth >= 0 && !this.#levels[depth]?.entry.path.equals(parentPath)) depth -= 1;
    const parent = this.#levels[depth];
    if (parent === undefined) throw disordered();
    if (parent.lastName !== undefined && Buffer.compare(parent.lastName, name) >= 0) throw disordered();
    const complete = this.#levels.slice(depth + 1).reverse();
    return { parent, name, complete };
  }

  /** The entry of the latest step is the current one. A directory is entered. */
  go(
    entry: TreeEntry,
    { parent, name }: { parent: TreeLevel | undefined; name: Buffer },
    isLeftOut: boolean,
  ): void {
    if (parent !== undefined) {
      this.#leave(this.#levels.indexOf(parent as Level) + 1);
      parent.lastName = name;
    }
    if (entry.kind !== 'dir') return;
    this.#levels.push({ entry, name, isLeftOut, lastName: undefined, directory: undefined });
  }

  /** Opens the directory of a level, or of the tree itself. It stays open until `closeLeft` after it was left. */
  async open(level: TreeLevel | undefined): Promise<HeldDirectory> {
    if (level === undefined) return this.#above;
    const wanted = this.#levels.indexOf(level as Level);
    let from = wanted;
    while (from >= 0 && this.#levels[from]?.directory === undefined) from -= 1;
    let directory = this.#levels[from]?.directory ?? this.#above;
    for (let depth = from + 1; depth <= wanted; depth += 1) {
      const next = this.#levels[depth] as Level;
      directory = await enterOwn(directory, depth === 0 ? this.#rootName : next.name);
      next.directory = directory;
    }
    const openFrom = wanted - LIMITS.treeOpenDirectories;
    for (let depth = 0; depth <= openFrom; depth += 1) this.#leaveOpen(this.#levels[depth] as Level);
    return directory;
  }

  /** Call it when no file is being written. */
  async closeLeft(): Promise<void> {
    const left = this.#left;
    this.#left = [];
    for (const directory of left) await directory.close();
  }

  /** Leaves the tree. */
  async close(): Promise<void> {
    this.#leave(0);
    await this.closeLeft();
  }

  #leave(depth: number): void {
    for (const level of this.#levels.splice(depth)) this.#leaveOpen(level);
  }

  #leaveOpen(level: Level): void {
    if (level.directory === undefined) return;
    this.#left.push(level.directory);
    level.directory = undefined;
  }
}

/** A directory of an earlier run may have its final mode, which may keep out its owner. */
async function enterOwn(above: HeldDirectory, name: string | Buffer): Promise<HeldDirectory> {
  const directory = await above.enter(name);
  try {
    const { mode } = await directory.stat();
    if ((mode & OWNER_ALL) !== OWNER_ALL) await directory.chmod(OWNER_ALL);
    return directory;
  } catch (error) {
    await directory.close();
    throw error;
  }
}

function disordered(): AiocError {
  return new AiocError('AIOC_FRAME_BAD', 'the stream of a directory has entries in the wrong order');
}

const OWNER_ALL = 0o700;
