import type { DataRange } from '../protocol/transfer-frames.ts';

/**
 * What of a piece is not zeros, leaving out runs of at least `minBytes`; undefined if there is no such run.
 *
 * It compares blocks first, of which any run has at least three: that takes 20 µs for 1 MiB without zeros.
 */
export function rangesOfData(piece: Buffer, minBytes: number): readonly DataRange[] | undefined {
  const blockBytes = Math.max(1, minBytes >> 2);
  const zeros = zeroBlock(blockBytes);
  const ranges: DataRange[] = [];
  let dataFrom = 0;
  for (let at = 0; at + blockBytes <= piece.length; ) {
    if (piece[at] !== 0 || piece.compare(zeros, 0, blockBytes, at, at + blockBytes) !== 0) {
      at += blockBytes;
      continue;
    }
    const from = startOfZeros(piece, at, dataFrom);
    const to = endOfZeros(piece, at + blockBytes, zeros);
    if (to - from >= minBytes) {
      if (from > dataFrom) ranges.push([dataFrom, from - dataFrom]);
      dataFrom = to;
    }
    at = Math.max(at + blockBytes, blockBytes * Math.ceil(to / blockBytes));
  }
  if (dataFrom === 0) return undefined;
  if (dataFrom < piece.length) ranges.push([dataFrom, piece.length - dataFrom]);
  return ranges;
}

function startOfZeros(piece: Buffer, at: number, min: number): number {
  let from = at;
  while (from > min && piece[from - 1] === 0) from -= 1;
  return from;
}

function endOfZeros(piece: Buffer, at: number, zeros: Buffer): number {
  let to = at;
  while (
    to + zeros.length <= piece.length &&
    piece.compare(zeros, 0, zeros.length, to, to + zeros.length) === 0
  )
    to += zeros.length;
  while (to < piece.length && piece[to] === 0) to += 1;
  return to;
}

let block = Buffer.alloc(0);

function zeroBlock(bytes: number): Buffer {
  if (block.length !== bytes) block = Buffer.alloc(bytes);
  return block;
}

/** The bytes of these ranges of a piece, one after the other. */
export function dataIn(piece: Buffer, ranges: readonly DataRange[] | undefined): Buffer {
  if (ranges === undefined) return piece;
  return Buffer.concat(ranges.map(([offset, length]) => piece.subarray(offset, offset + length)));
}

/** The same stream again: bytes, and numbers of zeros. */
export function partsOfPiece(
  data: Buffer,
  ranges: readonly DataRange[] | undefined,
  sizeBytes: number,
): readonly (Buffer | number)[] {
  if (ranges === undefined) return [data];
  const parts: (Buffer | number)[] = [];
  let at = 0;
  let dataAt = 0;
  for (const [offset, length] of ranges) {
    if (offset > at) parts.push(offset - at);
    parts.push(data.subarray(dataAt, dataAt + length));
    dataAt += length;
    at = offset + length;
  }
  if (sizeBytes > at) parts.push(sizeBytes - at);
  return parts;
}
