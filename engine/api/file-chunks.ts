import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat, unlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { readError, writeError } from '../files/disk-errors.ts';
import { escapedPath, meantPath, outgoingName } from '../files/lossy-path.ts';
import { openOutgoing } from '../files/outgoing-file.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { FileTransfer } from './connector-transport.ts';
import type { FileToSend } from './message-frame.ts';

/** The `with_file` of a message, and the file's bytes if the connector gets those. */
export interface FilePart {
  readonly withFile: JsonObject;
  readonly bytes?: () => AsyncIterable<Buffer>;
}

export interface FilePlan {
  /** One for each message to send. */
  readonly parts: readonly FilePart[];
  /** Call when the connector has all messages. */
  handedOver(): Promise<void>;
  /** Removes chunks that no connector will read. */
  discard(): Promise<void>;
}

export interface FilePlanOptions {
  readonly file: FileToSend;
  readonly fileTransfer: FileTransfer;
  /** Files of this size or larger are sent in chunks, one per message (PROTOCOL §3). */
  readonly maxChunkBytes: number;
  /** The directory of the chunks, until the connector has sent and deleted them. */
  directory(): Promise<string>;
  readonly random: Randomness;
  readonly signal: AbortSignal | undefined;
}

/**
 * Decides how to send a file: whole, or in chunks, which are on the disk when this resolves.
 *
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE
 */
export async function planFile(options: FilePlanOptions): Promise<FilePlan> {
  const { file } = options;
  const maxChunkBytes = Math.max(1, options.maxChunkBytes);
  // The connector has another working directory.
  const srcPath = resolve(file.srcPath);
  const meant = await meantPath(srcPath);
  const dstName = file.dstName ?? outgoingName(srcPath, meant);
  if (file.dstName === undefined && dstName !== basename(srcPath)) file.onRenamed?.(dstName);
  if (options.fileTransfer === 'as bytes')
    return opened({ ...options, maxChunkBytes }, { srcPath, meant, dstName });
  const sizeBytes = await fileSize(srcPath, meant);
  if (sizeBytes >= maxChunkBytes)
    return cut({ ...options, maxChunkBytes }, { srcPath, meant, dstName, sizeBytes });
  const withFile = { src_path: escapedPath(srcPath, meant), dst_type: file.dstType, dst_name: dstName };
  return {
    parts: [{ withFile: { ...withFile, delete: file.delete ?? false } }],
    handedOver: nothingToDo,
    discard: nothingToDo,
  };
}

const nothingToDo = (): Promise<void> => Promise.resolve();

/** For a connector that gets the bytes: needs no chunks on the disk, and this program deletes the file. */
async function opened(
  { file, maxChunkBytes }: FilePlanOptions,
  { srcPath, meant, dstName }: Omit<FileSource, 'sizeBytes'>,
): Promise<FilePlan> {
  const source = await openOutgoing(srcPath);
  try {
    const { sizeBytes } = source;
    const isWhole = sizeBytes < maxChunkBytes;
    const count = isWhole ? 1 : Math.ceil(sizeBytes / maxChunkBytes);
    if (!isWhole) checkChunks(dstName, count);
    const parts = Array.from({ length: count }, (_, index) => ({
      // The connector sets the path.
      withFile: {
        src_path: '',
        dst_type: file.dstType,
        ...(isWhole ? { dst_name: dstName } : chunkName(dstName, index, count)),
      },
      bytes: () =>
        isWhole
          ? source.chunks()
          : source.range(index * maxChunkBytes, Math.min((index + 1) * maxChunkBytes, sizeBytes)),
    }));
    return {
      parts,
      handedOver: async () => {
        await source.close();
        if (file.delete) await unlink(meant).catch(unlessGone);
      },
      discard: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Ignores that another program has removed the file. */
function unlessGone(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

function chunkName(dstName: string, index: number, count: number): JsonObject {
  const prefix = `${dstName}__aioconnectors_chunk`;
  // Python joins chunks in the order of their names, so all numbers need the same number of digits.
  const number = String(index + 1).padStart(String(count).length, '0');
  return { dst_name: `${prefix}_${number}_${count}`, chunked: [prefix, index + 1, count] };
}

async function fileSize(path: string, meant: string | Buffer): Promise<number> {
  try {
    const stats = await stat(meant);
    if (stats.isFile()) return stats.size;
  } catch (error) {
    throw readError(path, error);
  }
  throw new AiocError('AIOC_FILE_UNREADABLE', `Cannot send ${path}: it is not a regular file.`);
}

interface FileSource {
  readonly srcPath: string;
  /** The same path, with the original bytes if it is not UTF-8. */
  readonly meant: string | Buffer;
  readonly dstName: string;
  readonly sizeBytes: number;
}

async function cut(options: FilePlanOptions, { meant, dstName, sizeBytes }: FileSource): Promise<FilePlan> {
  const { file, maxChunkBytes, random, signal } = options;
  const count = Math.ceil(sizeBytes / maxChunkBytes);
  checkChunks(dstName, count);
  const prefix = `${dstName}__aioconnectors_chunk`;
  // The receiver uses only dst_name. The random part keeps two files of the same name apart.
  const local = join(await options.directory(), `${prefix}-${random.bytes(4).toString('hex')}`);
  const paths = Array.from({ length: count }, (_, index) => `${local}_${index + 1}`);
  const discard = async (): Promise<void> => {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  };
  try {
    for (const [index, path] of paths.entries()) {
      const start = index * maxChunkBytes;
      const end = Math.min(start + maxChunkBytes, sizeBytes) - 1;
      const target = createWriteStream(path, { flags: 'wx' });
      await pipeline(createReadStream(meant, { start, end }), target, { ...(signal && { signal }) });
    }
  } catch (error) {
    await discard();
    if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', 'cancelled, and nothing was sent');
    throw writeError(local, error);
  }
  const parts = paths.map((path, index) => {
    const withFile = { src_path: path, dst_type: file.dstType, ...chunkName(dstName, index, count) };
    return { withFile: { ...withFile, delete: true } };
  });
  return { parts, handedOver: nothingToDo, discard };
}

function checkChunks(dstName: string, count: number): void {
  if (dstName.includes('/')) {
    throw new AiocError(
      'AIOC_FILE_NAME_BAD',
      `${dstName} must be sent in chunks, which do not support sub-directories: remove the / from its dstName`,
    );
  }
  if (count > LIMITS.fileChunks) {
    throw new AiocError(
      'AIOC_FRAME_TOO_LARGE',
      `the file needs ${count} chunks; the limit is ${LIMITS.fileChunks}: raise maxSizeChunkUpload`,
    );
  }
}
