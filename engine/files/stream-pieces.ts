import { LIMITS } from '../base/limits.ts';
import { givePieceBuffer, takePieceBuffer } from '../base/piece-buffers.ts';

/**
 * The same bytes in whole pieces of LIMITS.transferPieceBytes, counted from the start of the stream. A piece shares no memory
 * with what comes later: its buffer may be given back.
 *
 * @param chunks their buffers are given back
 * @param from where in the stream the first chunk begins
 */
export async function* cutIntoPieces(chunks: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  let missing = LIMITS.transferPieceBytes - (from % LIMITS.transferPieceBytes);
  let piece: Buffer | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    if (piece === undefined && chunk.length === missing) {
      missing = LIMITS.transferPieceBytes;
      yield chunk;
      continue;
    }
    for (let taken = 0; taken < chunk.length; ) {
      piece ??= takePieceBuffer(missing);
      const copied = chunk.copy(piece, filled, taken);
      taken += copied;
      filled += copied;
      if (filled < piece.length) continue;
      yield piece;
      [piece, filled, missing] = [undefined, 0, LIMITS.transferPieceBytes];
    }
    givePieceBuffer(chunk);
  }
  if (piece !== undefined) yield piece.subarray(0, filled);
}
