import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { LeftOut, TransferSource } from '../queues/outgoing-body.ts';
import { readError } from './disk-errors.ts';
import { cutIntoPieces } from './stream-pieces.ts';
import { changed, identityOf, isSame, readFully, SENT_MODE } from './transfer-source.ts';
import { encodeTreeEnd, encodeTreeEntry, type TreeEntry } from './tree-stream.ts';
import { type WalkedPath, walkTree } from './tree-walk.ts';

/** An entry, ready to be sent. */
interface Prepared {
  readonly record: Buffer;
  readonly walked: WalkedPath;
  readonly entry: TreeEntry;
  readonly found: Stats;
  /** Of a small file. */
  readonly content: Buffer | undefined;
}

/** An entry that is not sent. */
interface Omitted {
  readonly name: Buffer;
  readonly why: string;
}

/**
 * Opens a directory to send it as a tree.
 *
 * @param name the name that it gets at the peer
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE
 */
export async function openTreeSource(path: string | Buffer, name: string): Promise<TransferSource> {
  const directory = Buffer.from(path);
  try {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    const found = await handle.stat();
    await handle.close();
    return new TreeSource(directory, name, found);
  } catch (error) {
    throw readError(directory.toString(), error);
  }
}

class TreeSource implements TransferSource {
  readonly kind = 'tree';
  readonly name: string;
  readonly sizeBytes = undefined;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly #directory: Buffer;
  #leftOut: LeftOut = { count: 0, first: [] };
  /** Of the records before each piece that has been read: the directory must still be the same when it is read again. */
  readonly #recordsBefore = new Map<number, string>();

  constructor(directory: Buffer, name: string, found: Stats) {
    this.name = name;
    this.mode = found.mode & SENT_MODE;
    this.mtimeMs = Math.trunc(found.mtimeMs);
    this.#directory = directory;
  }

  get leftOut(): LeftOut {
    return this.#leftOut;
  }

  read(from: number): AsyncIterable<Buffer> {
    return cutIntoPieces(this.#stream(from), from);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#stream(from: number): AsyncGenerator<Buffer> {
    const records = createHash('sha256');
    const omitted: Omitted[] = [];
    let at = 0;
    let piece = 0;
    for await (const next of this.#prepared(() => at < from)) {
      if (!('record' in next)) {
        omitted.push(next);
        continue;
      }
      const { record, entry } = next;
      records.update(record);
      const end = at + record.length + entry.sizeBytes;
      for (; (piece + 1) * LIMITS.transferPieceBytes <= end; piece += 1)
        this.#checkUnchanged(piece + 1, () => records.copy().digest('base64url'));
      if (end > from) yield* this.#bytesOf(next, Math.max(0, from - at));
      at = end;
    }
    this.#leftOut = summary(omitted);
    const last = encodeTreeEnd(this.#leftOut);
    yield last.subarray(Math.max(0, from - at));
  }

  #checkUnchanged(piece: number, digest: () => string): void {
    const before = this.#recordsBefore.get(piece);
    if (before === undefined) this.#recordsBefore.set(piece, digest());
    else if (before !== digest()) throw changed(this.#directory.toString());
  }

  async *#bytesOf({ record, walked, entry, found, content }: Prepared, from: number): AsyncGenerator<Buffer> {
    if (from < record.length) yield record.subarray(from);
    const start = Math.max(0, from - record.length);
    if (content !== undefined) yield content.subarray(start);
    else if (entry.kind === 'file') yield* readLarge(walked, found, start);
  }

  /** All entries, in order. Small files are read ahead, except those that are skipped. */
  async *#prepared(isSkipped: () => boolean): AsyncGenerator<Prepared | Omitted> {
    const ahead: Promise<Prepared | Omitted>[] = [];
    for await (const walked of walkTree(this.#directory)) {
      const skips = isSkipped();
      const next = prepare(walked, !skips);
      // It is awaited below, maybe after another one has failed.
      next.catch(() => undefined);
      ahead.push(next);
      while (ahead.length > (skips ? 0 : LIMITS.treeFilesAhead))
        yield (await ahead.shift()) as Prepared | Omitted;
    }
    for (const next of ahead) yield await next;
  }
}

async function prepare(walked: WalkedPath, withContent: boolean): Promise<Prepared | Omitted> {
  const { path, name, unreadable } = walked;
  if (unreadable !== undefined) {
    if (name.length === 0) throw unreadable;
    return { name, why: UNREADABLE };
  }
  try {
    const found = await lstat(path);
    const kind = kindOf(found);
    if (kind === undefined) return { name, why: 'it is a device, a pipe or a socket' };
    // Otherwise it was replaced since its directory was read.
    if (walked.isDirectory !== (kind === 'dir')) throw changed(path.toString());
    const target = kind === 'link' ? await readlink(path, { encoding: 'buffer' }) : undefined;
    if (target !== undefined && leavesTree(name, target))
      return { name, why: 'it is a link that leads out of the directory' };
    const content = kind === 'file' ? await contentOf(walked, found, withContent) : undefined;
    const entry: TreeEntry = {
      ...{ kind, path: name, mode: found.mode & SENT_MODE, mtimeMs: Math.trunc(found.mtimeMs) },
      ...{ sizeBytes: kind === 'file' ? found.size : 0, target },
    };
    return { record: encodeTreeEntry(entry), walked, entry, found, content };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EACCES' || code === 'EPERM') return { name, why: UNREADABLE };
    throw code === 'ENOENT' ? changed(path.toString()) : readError(path.toString(), error);
  }
}

/** The content of a small file. A large one is only opened, to see whether it can be read. */
async function contentOf({ path }: WalkedPath, found: Stats, isWanted: boolean): Promise<Buffer | undefined> {
  const handle = await open(path, FILE_ITSELF);
  try {
    if (!isWanted || found.size > LIMITS.treeFileAheadBytes) return undefined;
    const content = await readFully(handle, { path: path.toString(), at: 0, length: found.size });
    await checkSame(handle, path, found);
    return content;
  } finally {
    await handle.close();
  }
}

async function* readLarge({ path }: WalkedPath, found: Stats, from: number): AsyncGenerator<Buffer> {
  const handle = await open(path, FILE_ITSELF).catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT' ? changed(path.toString()) : readError(path.toString(), error);
  });
  try {
    for (let at = from; at < found.size; ) {
      const length = Math.min(LIMITS.transferPieceBytes, found.size - at);
      yield await readFully(handle, { path: path.toString(), at, length });
      at += length;
    }
    await checkSame(handle, path, found);
  } finally {
    await handle.close();
  }
}

async function checkSame(handle: FileHandle, path: Buffer, found: Stats): Promise<void> {
  if (!isSame(identityOf(found), identityOf(await handle.stat()))) throw changed(path.toString());
}

function kindOf(found: Stats): TreeEntry['kind'] | undefined {
  if (found.isDirectory()) return 'dir';
  if (found.isFile()) return 'file';
  return found.isSymbolicLink() ? 'link' : undefined;
}

/** Whether a link, by the texts alone, leads out of the tree: where it stands there may be something else at the peer. */
function leavesTree(name: Buffer, target: Buffer): boolean {
  // One byte is one character here, so no name is damaged.
  const [at, to] = [name.toString('latin1'), target.toString('latin1')];
  if (to.startsWith('/')) return true;
  const reached = posix.join(posix.dirname(at), to);
  return reached === '..' || reached.startsWith('../');
}

function summary(omitted: readonly Omitted[]): LeftOut {
  const first = omitted
    .slice(0, LIMITS.treeLeftOutNamed)
    .map(({ name, why }) => [name.toString(), why] as const);
  return { count: omitted.length, first };
}

const UNREADABLE = 'it cannot be read';
/** Not what a link in its place points to, and without waiting for a writer of a pipe in its place. */
const FILE_ITSELF = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
