import { rm, stat, unlink } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { readError } from '../files/disk-errors.ts';
import { escapedPath, meantPath, outgoingName } from '../files/lossy-path.ts';
import { openOutgoing } from '../files/outgoing-file.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { FileTransfer } from './connector-transport.ts';
import { copiedForPython, cutForPython } from './file-for-python.ts';
import type { FilePlan, FilePlanOptions } from './file-plan-types.ts';
import type { FileBytes, FileToSend, SomeFile } from './message-frame.ts';

/**
 * Decides how a connector gets a file: by its path, or as bytes. A Python connector gets paths only, and large files in
 * pieces, which are on the disk when this resolves.
 *
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE
 */
export function planFile(options: FilePlanOptions): Promise<FilePlan> {
  const { file } = options;
  return 'content' in file ? planContent(options, file) : planPath(options, file);
}

async function planContent(options: FilePlanOptions, file: FileBytes): Promise<FilePlan> {
  if (options.fileTransfer !== 'to Python') {
    const withFile = { src_path: '', ...withFileOf(file, file.dstName), delete: true };
    return {
      parts: [{ withFile, bytes: () => chunksOf(file.content) }],
      handedOver: nothingToDo,
      discard: nothingToDo,
    };
  }
  const srcPath = await copiedForPython(options, chunksOf(file.content));
  const removed = (): Promise<void> => rm(srcPath, { force: true });
  try {
    const plan = await planPath(options, { ...file, srcPath, delete: true });
    if (plan.parts.length > 1) await removed();
    return { ...plan, discard: () => plan.discard().finally(removed) };
  } catch (error) {
    await removed();
    throw error;
  }
}

async function planPath(options: FilePlanOptions, file: FileToSend): Promise<FilePlan> {
  const { fileTransfer } = options;
  const maxChunkBytes = Math.max(1, options.maxChunkBytes);
  // The connector has another working directory.
  const srcPath = resolve(file.srcPath);
  const meant = await meantPath(srcPath);
  const dstName = file.dstName ?? outgoingName(srcPath, meant);
  if (file.dstName === undefined && dstName !== basename(srcPath)) file.onRenamed?.(dstName);
  if (fileTransfer === 'as bytes') return opened(file, { srcPath, meant, dstName });
  const sizeBytes = await sizeOf(srcPath, meant, fileTransfer);
  if (fileTransfer === 'to Python' && sizeBytes > maxChunkBytes)
    return cutForPython({ ...options, maxChunkBytes }, { file, meant, dstName, sizeBytes });
  const withFile = { src_path: escapedPath(srcPath, meant), ...withFileOf(file, dstName) };
  return {
    parts: [{ withFile: { ...withFile, delete: file.delete ?? false } }],
    handedOver: nothingToDo,
    discard: nothingToDo,
  };
}

/** What `with_file` says besides the path. */
function withFileOf({ dstType, inOrder = true }: SomeFile, dstName: string): JsonObject {
  return { dst_type: dstType, dst_name: dstName, ...(!inOrder && { in_order: false }) };
}

const nothingToDo = (): Promise<void> => Promise.resolve();

/** For a connector that gets the bytes: this program deletes the file. */
async function opened(
  file: FileToSend,
  { srcPath, meant, dstName }: { srcPath: string; meant: string | Buffer; dstName: string },
): Promise<FilePlan> {
  const source = await openOutgoing(srcPath);
  const { mode, mtimeMs } = source;
  // The connector sets the path.
  const withFile = { src_path: '', ...withFileOf(file, dstName), mode, mtime_ms: mtimeMs };
  return {
    parts: [{ withFile, bytes: () => source.chunks() }],
    handedOver: async () => {
      await source.close();
      if (file.delete) await unlink(meant).catch(unlessGone);
    },
    discard: () => source.close(),
  };
}

/** Ignores that another program has removed the file. */
function unlessGone(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

/** 0 for a directory. */
async function sizeOf(path: string, meant: string | Buffer, fileTransfer: FileTransfer): Promise<number> {
  try {
    const stats = await stat(meant);
    if (stats.isFile()) return stats.size;
    if (stats.isDirectory() && fileTransfer === 'as paths') return 0;
  } catch (error) {
    throw readError(path, error);
  }
  throw new AiocError('AIOC_FILE_UNREADABLE', `Cannot send ${path}: it is not a regular file.`);
}

/** The bytes in chunks that fit into packets. */
async function* chunksOf(content: FileBytes['content']): AsyncGenerator<Buffer> {
  const parts = content instanceof Uint8Array ? [content] : content;
  for await (const part of parts) {
    if (!(part instanceof Uint8Array))
      throw new AiocError('AIOC_FILE_UNREADABLE', 'Cannot send the content of the file: it is not bytes.');
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.length);
    for (let at = 0; at < bytes.length; at += LIMITS.fileChunkBytes)
      yield bytes.subarray(at, at + LIMITS.fileChunkBytes);
  }
}
