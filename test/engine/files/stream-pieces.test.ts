import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { cutIntoPieces } from '../../../engine/files/stream-pieces.ts';

const PIECE = LIMITS.transferPieceBytes;
const STREAM = randomBytes(4 * PIECE + 1000);

async function* inChunks(from: number, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let at = from; at < STREAM.length; at += chunkBytes)
    yield Buffer.from(STREAM.subarray(at, at + chunkBytes));
}

for (const [from, chunkBytes] of [
  [0, PIECE],
  [0, 3 * PIECE],
  [0, 1_100],
  [PIECE / 4, PIECE],
  [PIECE / 4, 3 * PIECE],
  [PIECE + 7, PIECE / 2],
] as const)
  test(`pieces from ${from} on in chunks of ${chunkBytes} share no memory with what comes later`, async () => {
    let at = from;
    for await (const piece of cutIntoPieces(inChunks(from, chunkBytes), from)) {
      assert.ok(piece.equals(STREAM.subarray(at, at + piece.length)), `at ${at}`);
      at += piece.length;
      assert.ok(at % PIECE === 0 || at === STREAM.length, `ends at ${at}`);
      // As the buffer of a piece that was sent is used again.
      Buffer.from(piece.buffer).fill(0xee);
    }
    assert.equal(at, STREAM.length);
  });
