import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { dataIn, partsOfPiece, rangesOfData } from '../../../engine/transfers/zero-runs.ts';

/** Runs of zeros and of other bytes, in turn. */
const pieces = fc
  .array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 12 })
  .map((runs) => Buffer.concat(runs.map(([isZero, length]) => Buffer.alloc(length, isZero ? 0 : 7))));

function longestRun(piece: Buffer): number {
  return Math.max(
    0,
    ...piece
      .toString('latin1')
      .split(/[^\0]/)
      .map(({ length }) => length),
  );
}

test('what is not sent is exactly the long runs of zeros, and the piece can be put together again', () => {
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 24 }), (piece, minBytes) => {
      const ranges = rangesOfData(piece, minBytes);
      const data = dataIn(piece, ranges);
      const parts = partsOfPiece(data, ranges, piece.length);
      const again = parts.map((part) => (typeof part === 'number' ? Buffer.alloc(part) : part));
      assert.deepEqual(Buffer.concat(again), piece);
      assert.equal(ranges === undefined, longestRun(piece) < minBytes);
      for (const [offset, length] of ranges ?? []) {
        assert.ok(longestRun(piece.subarray(offset, offset + length)) < minBytes);
      }
      for (const part of parts) assert.ok(typeof part !== 'number' || part >= minBytes);
    }),
    { numRuns: 500 },
  );
});

test('an empty file in the middle of a disk image costs nothing: 1 MiB of zeros has no data', () => {
  const zeros = Buffer.alloc(LIMITS.transferPieceBytes);
  assert.deepEqual(rangesOfData(zeros, LIMITS.transferZeroBytes), []);
  zeros[500_000] = 1;
  assert.deepEqual(rangesOfData(zeros, LIMITS.transferZeroBytes), [[500_000, 1]]);
});
