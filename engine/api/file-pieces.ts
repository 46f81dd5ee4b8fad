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
import type { FilesGo } from './connector-transport.ts';
import type { FileToSend } from './message-frame.ts';

/** What a message says of its file, and the bytes, where the connector is given those. */
export interface FilePart {
  readonly withFile: JsonObject;
  readonly bytes?: () => AsyncIterable<Buffer>;
}

export interface FilePlan {
  /** One for each message to send. */
  readonly parts: readonly FilePart[];
  /** The connector has them all. */
  handedOver(): Promise<void>;
  /** Removes pieces that no connector will read any more. */
  discard(): Promise<void>;
}

export interface FilePlanOptions {
  readonly file: FileToSend;
  readonly filesGo: FilesGo;
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
  const meant = await meantPath(srcPath);
  const dstName = file.dstName ?? outgoingName(srcPath, meant);
  if (file.dstName === undefined && dstName !== basename(srcPath)) file.onRenamed?.(dstName);
  if (options.filesGo === 'as bytes')
    return opened({ ...options, maxPieceBytes }, { srcPath, meant, dstName });
  const sizeBytes = await fileSize(srcPath, meant);
  if (sizeBytes >= maxPieceBytes)
    return cut({ ...options, maxPieceBytes }, { srcPath, meant, dstName, sizeBytes });
  const withFile = { src_path: escapedPath(srcPath, meant), dst_type: file.dstType, dst_name: dstName };
  return {
    parts: [{ withFile: { ...withFile, delete: file.delete ?? false } }],
    handedOver: nothingMore,
    discard: nothingMore,
  };
}

const nothingMore = (): Promise<void> => Promise.resolve();

/** For a connector that is given the bytes: nothing is cut beforehand, and deleting the file is up to this program. */
async function opened(
  { file, maxPieceBytes }: FilePlanOptions,
  { srcPath, meant, dstName }: Omit<FileSource, 'sizeBytes'>,
): Promise<FilePlan> {
  const source = await openOutgoing(srcPath);
  try {
    const { sizeBytes } = source;
    const isWhole = sizeBytes < maxPieceBytes;
    const count = isWhole ? 1 : Math.ceil(sizeBytes / maxPieceBytes);
    if (!isWhole) checkPieces(dstName, count);
    const parts = Array.from({ length: count }, (_, index) => ({
      // Where it lies is the connector's to say.
      withFile: {
        src_path: '',
        dst_type: file.dstType,
        ...(isWhole ? { dst_name: dstName } : pieceName(dstName, index, count)),
      },
      bytes: () =>
        isWhole
          ? source.chunks()
          : source.range(index * maxPieceBytes, Math.min((index + 1) * maxPieceBytes, sizeBytes)),
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

/** Somebody else has removed it meanwhile. */
function unlessGone(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

function pieceName(dstName: string, index: number, count: number): JsonObject {
  const prefix = `${dstName}__aioconnectors_chunk`;
  // Python joins in the order of the names, which is right only when all numbers have as many digits.
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
  throw new AiocError('AIOC_FILE_UNREADABLE', `Cannot send ${path}: it is not an ordinary file.`);
}

interface FileSource {
  readonly srcPath: string;
  /** The same, with the bytes of a name that is not UTF-8. */
  readonly meant: string | Buffer;
  readonly dstName: string;
  readonly sizeBytes: number;
}

async function cut(options: FilePlanOptions, { meant, dstName, sizeBytes }: FileSource): Promise<FilePlan> {
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
      await pipeline(createReadStream(meant, { start, end }), target, { ...(signal && { signal }) });
    }
  } catch (error) {
    await discard();
    if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', 'cancelled, and nothing was sent');
    throw writeError(local, error);
  }
  const parts = paths.map((path, index) => {
    const withFile = { src_path: path, dst_type: file.dstType, ...pieceName(dstName, index, count) };
    return { withFile: { ...withFile, delete: true } };
  });
  return { parts, handedOver: nothingMore, discard };
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
