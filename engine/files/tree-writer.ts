import { constants } from 'node:fs';
import { lutimes, mkdir, symlink } from 'node:fs/promises';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { PacedFile, SyncPaces } from './paced-file.ts';
import { receivedMode, receivedSeconds } from './received-mode.ts';
import { SmallFiles } from './small-file.ts';
import type { NotPlaced } from './transfer-target.ts';
import { depthOf, leavesTree, shownBytes, whyNameLeftOut } from './tree-names.ts';
import type { TreeLevel, TreePath } from './tree-path.ts';
import type { TreeEntry, TreeEvent } from './tree-stream.ts';

type ContentPart = Buffer | number;

/** A file that is arriving. */
interface ArrivingFile {
  readonly entry: TreeEntry;
  readonly name: Buffer;
  /** Undefined: it is left out. */
  directory: HeldDirectory | undefined;
  /** Bytes, or numbers of zeros, which are not written yet. */
  parts: ContentPart[];
  /** Of all parts so far. */
  bytes: number;
  /** Open if it did not arrive at once. */
  open: PacedFile | undefined;
  /** The last part was of zeros. */
  endsInHole: boolean;
}

export interface ResumedFile {
  readonly entry: TreeEntry;
  readonly name: Buffer;
  /** Undefined: it is left out. */
  readonly directory: HeldDirectory | undefined;
  readonly bytes: number;
}

export interface TreeWriterOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly paces: SyncPaces;
}

/** Makes the entries of a tree as they arrive. Small files are made side by side. */
export class TreeWriter {
  readonly #path: TreePath;
  readonly #paces: SyncPaces;
  readonly #running = new Set<Promise<void>>();
  readonly #leftOut: [string, string][] = [];
  #leftOutCount = 0;
  #file: ArrivingFile | undefined;
  #failure: unknown;
  readonly #small: SmallFiles;
  #files = 0;

  constructor(path: TreePath, { clock, paces }: TreeWriterOptions) {
    this.#path = path;
    this.#paces = paces;
    this.#small = new SmallFiles(clock);
  }

  /** @param directory a path in the file system of the tree */
  async begin(directory: string): Promise<void> {
    await this.#small.use(directory);
  }

  /** Entries that were made. */
  get files(): number {
    return this.#files;
  }

  /** What this disk does not have, without what the sender left out. */
  get leftOut(): NotPlaced {
    return { count: this.#leftOutCount, first: this.#leftOut };
  }

  async write(events: readonly TreeEvent[]): Promise<void> {
    for (const event of events) {
      if (event.kind === 'entry') await this.#entry(event.entry);
      else if (event.kind === 'content') await this.#add(event.bytes);
      else if (event.kind === 'zeros') await this.#add(event.count);
    }
    if (this.#file !== undefined) await this.#flush(this.#file);
    if (this.#path.leftOpen > LIMITS.treeOpenDirectories) await this.idle();
    this.#check();
  }

  /** Continues a file of which some bytes are there. */
  async resume({ entry, name, directory, bytes }: ResumedFile): Promise<void> {
    let file: PacedFile | undefined;
    if (bytes === 0) await directory?.remove(name);
    else if (directory !== undefined) {
      if (!(await directory.setMode(name, PRIVATE)))
        throw new AiocError('AIOC_FILE_WRITE', 'A file of the directory was replaced. Send it again.');
      file = await this.#paces.open(directory.at(name), constants.O_WRONLY | constants.O_NOFOLLOW);
      await file.handle.truncate(bytes);
    }
    this.#file = { entry, name, directory, parts: [], bytes, open: file, endsInHole: false };
  }

  /** As `write` of an entry that is there from an earlier run. */
  noteEntry(entry: TreeEntry, why: string | undefined): void {
    if (why === undefined) this.#files += 1;
    else this.#leaveOut(entry, why);
  }

  /** All that has arrived is written, so that nothing refers to its bytes. */
  async written(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#check();
  }

  /** The same, and directories that were left are closed. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#path.closeLeft();
    this.#check();
  }

  async close(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    const file = this.#file;
    this.#file = undefined;
    await file?.open?.close();
    await this.#path.close();
  }

  async #entry(entry: TreeEntry): Promise<void> {
    const step = this.#path.step(entry);
    const why = whyLeftOut(entry, step.name, step.parent);
    const reason = why ?? (await this.#make(entry, step));
    this.#path.go(entry, step, reason !== undefined);
    if (reason !== undefined) this.#leaveOut(entry, reason);
    if (entry.kind !== 'file') return;
    const directory = reason === undefined ? await this.#path.open(step.parent) : undefined;
    this.#file = {
      entry,
      name: step.name,
      directory,
      parts: [],
      bytes: 0,
      open: undefined,
      endsInHole: false,
    };
    await this.#finishFile();
  }

  /** @returns why it cannot be made on this disk */
  async #make(
    entry: TreeEntry,
    step: { parent: TreeLevel | undefined; name: Buffer },
  ): Promise<string | undefined> {
    const directory = await this.#path.open(step.parent);
    try {
      if (entry.kind === 'dir') await mkdir(directory.at(step.name), { mode: OWNER_ONLY });
      if (entry.kind === 'link') await makeLink(directory, step.name, entry);
      this.#files += 1;
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  async #add(part: ContentPart): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new AiocError('AIOC_INTERNAL', 'Content of no file.');
    file.bytes += typeof part === 'number' ? part : part.length;
    file.endsInHole = typeof part === 'number';
    if (file.directory !== undefined) file.parts.push(part);
    await this.#finishFile();
  }

  /** If it has arrived. */
  async #finishFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined || file.bytes < file.entry.sizeBytes) return;
    this.#file = undefined;
    if (file.directory === undefined) return;
    if (file.open === undefined && this.#small.takes(file.bytes)) {
      this.#create(file, file.directory);
      return this.#small.rest();
    }
    while (this.#running.size >= LIMITS.treeFilesWritten) await Promise.race(this.#running);
    this.#check();
    const running = this.#complete(file)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Writes what has arrived of a file, and keeps it open. */
  async #flush(file: ArrivingFile): Promise<void> {
    if (file.directory === undefined) return;
    try {
      file.open ??= await this.#paces.open(file.directory.at(file.name), NEW_FILE, PRIVATE);
    } catch (error) {
      this.#leaveOut(file.entry, reasonOf(error));
      this.#files -= 1;
      file.directory = undefined;
      return;
    }
    const { parts, open } = file;
    file.parts = [];
    let at = file.bytes - parts.reduce<number>((sum, part) => sum + lengthOf(part), 0);
    for (const part of parts) {
      if (typeof part !== 'number') await open.write(part, at);
      at += lengthOf(part);
    }
  }

  async #complete(file: ArrivingFile): Promise<void> {
    await this.#flush(file);
    const { open, entry } = file;
    if (open === undefined) return;
    const { handle } = open;
    try {
      if (file.endsInHole) await handle.truncate(entry.sizeBytes);
      const seconds = receivedSeconds(entry.mtimeMs);
      await handle.utimes(seconds, seconds);
      const mode = receivedMode(entry.mode);
      // Otherwise a later run could not read it: it is set at the end.
      if (isOpenToOwner(mode)) await handle.chmod(mode);
    } finally {
      await open.close();
    }
    // To sync the file again would not report it again.
    if (open.failure !== undefined) throw open.failure;
  }

  /** A small file that has arrived at once. */
  #create({ name, entry, parts }: ArrivingFile, directory: HeldDirectory): void {
    const mode = receivedMode(entry.mode);
    const { sizeBytes } = entry;
    try {
      this.#small.create(directory.at(name), {
        ...{ parts, sizeBytes, seconds: receivedSeconds(entry.mtimeMs) },
        mode: isOpenToOwner(mode) ? mode : PRIVATE,
      });
    } catch (error) {
      this.#leaveOut(entry, reasonOf(error));
      this.#files -= 1;
    }
  }

  #leaveOut({ path }: TreeEntry, why: string): void {
    this.#leftOutCount += 1;
    if (this.#leftOut.length < LIMITS.treeLeftOutNamed)
      this.#leftOut.push([shownBytes(path).slice(1, -1), why]);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Why a disk cannot have an entry. @throws any other error */
function reasonOf(error: unknown): string {
  const why = NAMES_OF_OTHER_DISKS[systemCode(error) ?? ''];
  if (why === undefined) throw error;
  return why;
}

/** Why an entry is left out whatever the disk is. */
export function whyLeftOut(
  { kind, path, target }: TreeEntry,
  name: Buffer,
  parent: TreeLevel | undefined,
): string | undefined {
  if (parent === undefined) return undefined;
  if (parent.isLeftOut) return 'its directory is left out';
  if (kind === 'dir' && depthOf(path) > LIMITS.treeDepth)
    return `it is deeper than ${LIMITS.treeDepth} directories`;
  if (kind === 'link' && leavesTree(path, target ?? Buffer.alloc(0)))
    return 'it is a link that may lead out of the directory';
  return whyNameLeftOut(name);
}

async function makeLink(
  directory: HeldDirectory,
  name: Buffer,
  { target, mtimeMs }: TreeEntry,
): Promise<void> {
  const at = directory.at(name);
  await symlink(target ?? Buffer.alloc(0), at);
  const seconds = receivedSeconds(mtimeMs);
  await lutimes(at, seconds, seconds);
}

function lengthOf(part: ContentPart): number {
  return typeof part === 'number' ? part : part.length;
}

export function isOpenToOwner(mode: number): boolean {
  return (mode & PRIVATE) === PRIVATE;
}

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const PRIVATE = 0o600;
const OWNER_ONLY = 0o700;
const SAME_NAME = 'another name in its directory is the same on this disk';
/** Errors that say that the disk cannot have such a name. */
const NAMES_OF_OTHER_DISKS: Readonly<Record<string, string>> = {
  EEXIST: SAME_NAME,
  EILSEQ: 'this disk cannot have its name',
  EINVAL: 'this disk cannot have its name',
  ENAMETOOLONG: 'its name or its target is too long for this disk',
};
