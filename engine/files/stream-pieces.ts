import { LIMITS } from '../base/limits.ts';

/**
 * The same bytes in whole pieces of LIMITS.transferPieceBytes, counted from the start of the stream.
 *
 * @param from where in the stream the first chunk begins
 */
export async function* cutIntoPieces(chunks: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  const pieceBytes = LIMITS.transferPieceBytes;
  let parts: Buffer[] = [];
  let missing = pieceBytes - (from % pieceBytes);
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length >= missing) {
      yield joined([...parts, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      [parts, missing] = [[], pieceBytes];
    }
    if (rest.length > 0) parts.push(rest);
    missing -= rest.length;
  }
  if (parts.length > 0) yield joined(parts);
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}
