import { constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { LeftOut } from '../queues/outgoing-body.ts';
import type { HeldDirectory } from './held-directory.ts';
import { receivedMode } from './received-mode.ts';
import type { TreeLog } from './tree-log.ts';
import type { TreeLevel, TreePath } from './tree-path.ts';
import type { TreeDecoder, TreeEntry } from './tree-stream.ts';
import { isOpenToOwner, type TreeWriter, whyLeftOut } from './tree-writer.ts';

/** The stream of a tree as far as the disk has it. */
export async function* treeStream(path: TreePath, log: TreeLog): AsyncGenerator<Buffer> {
  try {
    for await (const { bytes, entry } of log.records()) {
      if (entry === undefined) {
        yield bytes;
        return;
      }
      const step = path.step(entry);
      const isLeftOut = whyLeftOut(entry, step.name, step.parent) !== undefined;
      const directory = isLeftOut ? undefined : await path.open(step.parent);
      if (directory !== undefined && !(await isThere(directory, step.name, entry))) return;
      path.go(entry, step, isLeftOut);
      yield bytes;
      if (entry.sizeBytes > 0) {
        let doneBytes = 0;
        for await (const piece of contentOf(directory, step.name, entry)) {
          doneBytes += piece.length;
          yield piece;
        }
        if (doneBytes < entry.sizeBytes) return;
      }
      await path.closeLeft();
    }
  } finally {
    await path.close();
  }
}

export interface TreeReplay {
  readonly path: TreePath;
  readonly log: TreeLog;
  /** Both new. */
  readonly decoder: TreeDecoder;
  readonly writer: TreeWriter;
}

/**
 * Brings a decoder and a writer to a byte of the stream that the disk has, and deletes what is behind it.
 * @returns what the sender left out, if that is before this byte
 * @throws AiocError AIOC_FILE_WRITE if the disk does not have it
 */
export async function replayTree(
  atBytes: number,
  { path, log, decoder, writer }: TreeReplay,
): Promise<LeftOut | undefined> {
  let position = 0;
  let keptBytes = 0;
  let sent: LeftOut | undefined;
  let last: { entry: TreeEntry; parent: TreeLevel | undefined; name: Buffer; bytes: number } | undefined;
  for await (const { bytes, entry, endsAt } of log.records()) {
    if (position >= atBytes) break;
    const record = bytes.subarray(0, atBytes - position);
    position += record.length;
    for (const event of decoder.push(record)) if (event.kind === 'end') sent = event.leftOut;
    if (record.length < bytes.length) break;
    keptBytes = endsAt;
    if (entry === undefined) break;
    const step = path.step(entry);
    const why = whyLeftOut(entry, step.name, step.parent);
    path.go(entry, step, why !== undefined);
    writer.noteEntry(entry, why);
    const content = Math.min(entry.sizeBytes, atBytes - position);
    for (const _ of decoder.pushZeros(content));
    position += content;
    last = { entry, parent: step.parent, name: step.name, bytes: content };
  }
  if (position < atBytes)
    throw new AiocError('AIOC_FILE_WRITE', 'What was received of the directory is damaged. Send it again.');
  await log.truncate(keptBytes);
  await removeBehind(path);
  if (last !== undefined && last.bytes < last.entry.sizeBytes) {
    const isLeftOut = whyLeftOut(last.entry, last.name, last.parent) !== undefined;
    const directory = isLeftOut ? undefined : await path.open(last.parent);
    await writer.resume({ ...last, directory });
  }
  return sent;
}

/** Gives a complete tree the modes and times of its directories, but not those of the tree itself. */
export async function finishTree(
  path: TreePath,
  log: TreeLog,
  { syncs }: { readonly syncs: boolean },
): Promise<void> {
  try {
    for await (const { entry } of log.records()) {
      if (entry === undefined) break;
      const step = path.step(entry);
      for (const level of step.complete) await finishLevel(path, level, syncs);
      const isLeftOut = whyLeftOut(entry, step.name, step.parent) !== undefined;
      const mode = receivedMode(entry.mode);
      if (entry.kind === 'file' && !isLeftOut && !isOpenToOwner(mode))
        await (await path.open(step.parent)).setMode(step.name, mode);
      path.go(entry, step, isLeftOut);
      await path.closeLeft();
    }
    for (const level of [...path.levels].slice(1).reverse()) await finishLevel(path, level, syncs);
    await (await path.open(path.levels[0])).sync();
  } finally {
    await path.close();
  }
}

/** Syncs the files of a tree, one by one. Before it gets its modes. */
export async function syncFiles(path: TreePath, log: TreeLog): Promise<void> {
  try {
    for await (const { entry } of log.records()) {
      if (entry === undefined) return;
      const step = path.step(entry);
      const isLeftOut = whyLeftOut(entry, step.name, step.parent) !== undefined;
      path.go(entry, step, isLeftOut);
      if (entry.kind !== 'file' || isLeftOut) continue;
      const handle = await openToRead(await path.open(step.parent), step.name);
      await handle?.sync().finally(() => handle.close());
      await path.closeLeft();
    }
  } finally {
    await path.close();
  }
}

/** The record of the tree itself. */
export async function rootOf(log: TreeLog): Promise<TreeEntry | undefined> {
  for await (const { entry } of log.records()) return entry;
  return undefined;
}

async function finishLevel(path: TreePath, level: TreeLevel, syncs: boolean): Promise<void> {
  if (level.isLeftOut) return;
  const directory = await path.open(level).catch((error: unknown) => {
    // This disk could not have it.
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  await directory?.finish(receivedMode(level.entry.mode), level.entry.mtimeMs);
  if (syncs) await directory?.sync();
}

/** Deletes what is behind the current entry: names come in the order of their bytes. */
async function removeBehind(path: TreePath): Promise<void> {
  for (const level of [...path.levels].reverse()) {
    if (level.isLeftOut) continue;
    const directory = await path.open(level);
    const behind: Buffer[] = [];
    for await (const name of directory.names())
      if (level.lastName === undefined || Buffer.compare(name, level.lastName) > 0) behind.push(name);
    for (const name of behind) await directory.remove(name);
  }
}

async function isThere(directory: HeldDirectory, name: Buffer, entry: TreeEntry): Promise<boolean> {
  const found = await directory.find(name);
  if (entry.kind === 'dir') return found?.isDirectory() ?? false;
  if (entry.kind === 'file') return found?.isFile() ?? false;
  if (!found?.isSymbolicLink()) return false;
  const target = (await readlink(directory.at(name), { encoding: 'buffer' })) as Buffer;
  return entry.target?.equals(target) ?? false;
}

async function* contentOf(
  directory: HeldDirectory | undefined,
  name: Buffer,
  { sizeBytes }: TreeEntry,
): AsyncGenerator<Buffer> {
  const handle = directory === undefined ? undefined : await openToRead(directory, name);
  if (handle === undefined) return;
  try {
    for (let at = 0; at < sizeBytes; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(LIMITS.transferPieceBytes, sizeBytes - at));
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** A file that was complete may have any mode. */
async function openToRead(directory: HeldDirectory, name: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(directory.at(name), READ);
  } catch (error) {
    if (systemCode(error) !== 'EACCES' || !(await directory.setMode(name, 0o600))) return undefined;
    return open(directory.at(name), READ);
  }
}

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
