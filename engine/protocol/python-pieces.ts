import { LIMITS } from '../base/limits.ts';
import type { Header, JsonObject } from './header.ts';

/** A piece of a file between Python peers (PROTOCOL §3, “Chunks”). */
export interface FilePiece {
  /** The name of the whole file: `dst_name` without the mark. */
  readonly name: string;
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** Python takes everything before it as the name of the file. */
const MARK = '__aioconnectors_chunk';

/**
 * The with_file of a piece. Python joins pieces in the order of their names, so all numbers have the same number of digits.
 */
export function withFileOfPiece(withFile: JsonObject, { name, index, count }: FilePiece): JsonObject {
  const prefix = `${name}${MARK}`;
  const digits = String(index).padStart(String(count).length, '0');
  return { ...withFile, dst_name: `${prefix}_${digits}_${count}`, chunked: [prefix, index, count] };
}

/** Whether Python would join pieces of a file with this name; otherwise it would leave them as they are. */
export function joinsPieces(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && !name.includes('/') && !name.includes(MARK);
}

/**
 * The piece that a message carries; undefined if it has a whole file, or none. What is not as 1.6.3 writes it is no piece
 * either: it is stored as it is.
 */
export function pieceIn(header: Header): FilePiece | undefined {
  const withFile = header['with_file'];
  if (typeof withFile !== 'object' || withFile === null || Array.isArray(withFile)) return undefined;
  const { chunked, dst_name: ownName, file_error: error } = withFile as JsonObject;
  if (!Array.isArray(chunked) || chunked.length !== 3 || error !== undefined) return undefined;
  const [prefix, index, count] = chunked as unknown[];
  if (typeof prefix !== 'string' || !prefix.endsWith(MARK)) return undefined;
  if (typeof ownName !== 'string' || !ownName.startsWith(`${prefix}_`)) return undefined;
  if (!isCount(count) || !isCount(index) || index > count) return undefined;
  return { name: prefix.slice(0, -MARK.length), index, count };
}

/** The header of the message of a whole file, from that of one of its pieces. */
export function headerOfWhole(header: Header, { name }: FilePiece, about: JsonObject = {}): Header {
  const { chunked: _, ...withFile } = header['with_file'] as JsonObject;
  return { ...header, with_file: { ...withFile, dst_name: name, ...about } };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LIMITS.fileChunks;
}
