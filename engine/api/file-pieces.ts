import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { readError, writeError } from '../files/disk-errors.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { FileToSend } from './message-frame.ts';

export interface FilePlan {
  /** One with_file for each message to send. */
  readonly withFiles: readonly JsonObject[];
  /** Removes pieces that no connector will read any more. */
  discard(): Promise<void>;
}

export interface FilePlanOptions {
  readonly file: FileToSend;
  /** From this size on the file goes in pieces, each in a message of its own (PROTOCOL §3). */
  readonly maxPieceBytes: number;
  /** Where pieces are put until the connector has sent and deleted them. */
  directory(): Promise<string>;
  readonly random: Randomness;
  readonly signal: AbortSignal | undefined;
}

/**
 * Looks the file up and says how to send it: by itself, or cut into pieces that lie on the disk when this resolves.
 *
 * @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE
 */
export async function planFile(options: FilePlanOptions): Promise<FilePlan> {
  const { file } = options;
  const maxPieceBytes = Math.max(1, options.maxPieceBytes);
  // The connector has a working directory of its own.
  const srcPath = resolve(file.srcPath);
  const dstName = file.dstName ?? basename(srcPath);
  const sizeBytes = await fileSize(srcPath);
  if (sizeBytes >= maxPieceBytes) return cut({ ...options, maxPieceBytes }, { srcPath, dstName, sizeBytes });
  const withFile = { src_path: srcPath, dst_type: file.dstType, dst_name: dstName };
  return {
    withFiles: [{ ...withFile, delete: file.delete ?? false }],
    discard: () => Promise.resolve(),
  };
}

async function fileSize(path: string): Promise<number> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return stats.size;
  } catch (error) {
    throw readError(path, error);
  }
  throw new AiocError('AIOC_FILE_UNREADABLE', `Cannot send ${path}: it is not an ordinary file.`);
}

interface Source {
  readonly srcPath: string;
  readonly dstName: string;
  readonly sizeBytes: number;
}

async function cut(options: FilePlanOptions, { srcPath, dstName, sizeBytes }: Source): Promise<FilePlan> {
  const { file, maxPieceBytes, random, signal } = options;
  const count = Math.ceil(sizeBytes / maxPieceBytes);
  checkPieces(dstName, count);
  const prefix = `${dstName}__aioconnectors_chunk`;
  // Only dst_name is of interest to the receiver; here two files of one name may be on their way at once.
  const local = join(await options.directory(), `${prefix}-${random.bytes(4).toString('hex')}`);
  const paths = Array.from({ length: count }, (_, index) => `${local}_${index + 1}`);
  const discard = async (): Promise<void> => {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  };
  try {
    for (const [index, path] of paths.entries()) {
      const start = index * maxPieceBytes;
      const end = Math.min(start + maxPieceBytes, sizeBytes) - 1;
      const target = createWriteStream(path, { flags: 'wx' });
      await pipeline(createReadStream(srcPath, { start, end }), target, { ...(signal && { signal }) });
    }
  } catch (error) {
    await discard();
    if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', 'cancelled, and nothing was sent');
    throw writeError(local, error);
  }
  const digits = String(count).length;
  const withFiles = paths.map((path, index) => ({
    src_path: path,
    dst_type: file.dstType,
    // Python joins in the order of the names, which is right only when all numbers have as many digits.
    dst_name: `${prefix}_${String(index + 1).padStart(digits, '0')}_${count}`,
    delete: true,
    chunked: [prefix, index + 1, count],
  }));
  return { withFiles, discard };
}

function checkPieces(dstName: string, count: number): void {
  if (dstName.includes('/')) {
    throw new AiocError(
      'AIOC_FILE_NAME_BAD',
      `${dstName} is too large for one message, and pieces are joined only in the directory itself: send it without / in its dstName`,
    );
  }
  if (count > LIMITS.fileChunks) {
    throw new AiocError(
      'AIOC_FRAME_TOO_LARGE',
      `the file would go in ${count} pieces, at most ${LIMITS.fileChunks} are possible: raise maxSizeChunkUpload`,
    );
  }
}
