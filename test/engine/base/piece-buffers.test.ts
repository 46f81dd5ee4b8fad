import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { givePieceBuffer, takePieceBuffer } from '../../../engine/base/piece-buffers.ts';

const PIECE = LIMITS.transferPieceBytes;

test('a buffer that was given back is taken again, and never by two', () => {
  const first = takePieceBuffer(PIECE);
  givePieceBuffer(first.subarray(10, 20));
  givePieceBuffer(first);
  const [second, third] = [takePieceBuffer(PIECE - 1), takePieceBuffer(PIECE)];
  assert.equal(second.buffer, first.buffer);
  assert.equal(second.length, PIECE - 1);
  assert.notEqual(third.buffer, first.buffer);
});

test('buffers from elsewhere, and small ones, are left to the garbage collection', () => {
  const others = [Buffer.alloc(PIECE), Buffer.from('text'), takePieceBuffer(100)];
  for (const other of others) givePieceBuffer(other);
  const taken = Array.from({ length: others.length }, () => takePieceBuffer(PIECE));
  for (const buffer of taken) assert.ok(!others.some((other) => other.buffer === buffer.buffer));
});
