import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { writeError } from '../files/disk-errors.ts';
import { joinsPieces, withFileOfPiece } from '../protocol/python-pieces.ts';
import type { FilePlan, FilePlanOptions } from './file-plan-types.ts';
import type { FileToSend } from './message-frame.ts';

/**
 * Writes bytes into a file for a Python connector, which takes only paths and deletes it.
 *
 * @returns the path
 * @throws AiocError AIOC_FILE_WRITE, AIOC_CANCELLED
 */
export async function copiedForPython(
  { directory, random, signal }: FilePlanOptions,
  bytes: AsyncIterable<Buffer>,
): Promise<string> {
  const path = join(await directory(), `aioc-file-${random.bytes(8).toString('hex')}`);
  try {
    await pipeline(bytes, createWriteStream(path, NEW_FILE), { ...(signal && { signal }) });
    return path;
  } catch (error) {
    await rm(path, { force: true });
    if (signal?.aborted) throw cancelled();
    throw writeError(path, error);
  }
}

export interface FileToCut {
  readonly file: FileToSend;
  /** The path, with the original bytes if it is not UTF-8. */
  readonly meant: string | Buffer;
  readonly dstName: string;
  readonly sizeBytes: number;
}

/**
 * Cuts a file into pieces for a Python connector, as Python's API does (PROTOCOL §3): its frames end at 4 GiB, and it reads
 * a whole frame into memory. The original stays.
 *
 * @throws AiocError AIOC_FILE_NAME_BAD, AIOC_FRAME_TOO_LARGE, AIOC_FILE_WRITE, AIOC_CANCELLED
 */
export async function cutForPython(
  { directory, random, signal, maxChunkBytes }: FilePlanOptions,
  { file, meant, dstName: name, sizeBytes }: FileToCut,
): Promise<FilePlan> {
  const count = Math.ceil(sizeBytes / maxChunkBytes);
  checkPieces(name, count);
  // The receiver uses only dst_name. The random part keeps two files of the same name apart.
  const local = join(await directory(), `aioc-piece-${random.bytes(8).toString('hex')}`);
  const paths = Array.from({ length: count }, (_, index) => `${local}_${index + 1}`);
  const discard = async (): Promise<void> => {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  };
  try {
    for (const [index, path] of paths.entries()) {
      const start = index * maxChunkBytes;
      const end = Math.min(start + maxChunkBytes, sizeBytes) - 1;
      const target = createWriteStream(path, NEW_FILE);
      await pipeline(createReadStream(meant, { start, end }), target, { ...(signal && { signal }) });
    }
  } catch (error) {
    await discard();
    if (signal?.aborted) throw cancelled();
    throw writeError(local, error);
  }
  const parts = paths.map((path, index) => {
    const withFile = { src_path: path, dst_type: file.dstType, delete: true };
    return { withFile: withFileOfPiece(withFile, { name, index: index + 1, count }) };
  });
  return { parts, handedOver: () => Promise.resolve(), discard };
}

function checkPieces(name: string, count: number): void {
  if (!joinsPieces(name)) {
    throw new AiocError(
      'AIOC_FILE_NAME_BAD',
      `${name} must be sent in pieces, which do not support sub-directories: remove the / from its dstName`,
    );
  }
  if (count > LIMITS.fileChunks) {
    throw new AiocError(
      'AIOC_FRAME_TOO_LARGE',
      `the file needs ${count} pieces; the limit is ${LIMITS.fileChunks}: raise maxSizeChunkUpload`,
    );
  }
}

function cancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'cancelled, and nothing was sent');
}

const NEW_FILE = { flags: 'wx' } as const;
