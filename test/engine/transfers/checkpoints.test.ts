import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Checkpoints } from '../../../engine/transfers/checkpoints.ts';
import { StreamHash } from '../../../engine/transfers/stream-hash.ts';

test('the digest of a stream is its SHA-256, with zeros that were not sent', () => {
  const hash = StreamHash.EMPTY.with(Buffer.from('a'), 3_000_000, Buffer.from('b'));
  const all = Buffer.concat([Buffer.from('a'), Buffer.alloc(3_000_000), Buffer.from('b')]);
  assert.equal(hash.bytes, all.length);
  assert.equal(hash.digest, createHash('sha256').update(all).digest('base64url'));
});

test('of a long stream the latest positions are kept, and others over all of it', () => {
  const checkpoints = new Checkpoints(64);
  const piece = Buffer.from('a piece');
  let hash = StreamHash.EMPTY;
  for (let count = 0; count < 5_000; count += 1) {
    hash = hash.with(piece);
    checkpoints.add(hash);
  }
  const kept = checkpoints.all.map(({ bytes }) => bytes / piece.length);
  assert.equal(kept.length, 64);
  assert.deepEqual(
    kept.slice(-32),
    Array.from({ length: 32 }, (_, index) => 4_969 + index),
  );
  for (const [index, at] of kept.entries()) {
    const gap = at - (kept[index - 1] ?? 0);
    assert.ok(gap <= 700, `${gap} pieces before ${at}`);
  }
});

test('only what is left can be continued from', () => {
  const checkpoints = new Checkpoints(64);
  let hash = StreamHash.EMPTY;
  for (const text of ['a', 'b', 'c', 'd']) {
    hash = hash.with(Buffer.from(text));
    checkpoints.add(hash);
  }
  checkpoints.dropAfter(3);
  checkpoints.dropBefore(2);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((bytes) => checkpoints.at(bytes)?.bytes),
    [0, undefined, 2, 3, undefined],
  );
  assert.deepEqual(
    checkpoints.all.map(({ bytes }) => bytes),
    [2, 3],
  );
});
