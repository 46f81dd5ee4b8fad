import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket, TokenBuckets } from '../../../engine/base/token-bucket.ts';

test('a bucket gives a burst, then its rate, and says how long to wait', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 1_000);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bucket.take(1_000)),
    [true, true, true, false],
  );
  assert.equal(Math.round(bucket.waitMs(1_000)), 100);
  assert.equal(bucket.take(1_100), true);
  assert.equal(bucket.take(1_150), false);
  let taken = 0;
  for (let nowMs = 1_200; nowMs <= 11_200; nowMs += 7) if (bucket.take(nowMs)) taken += 1;
  assert.ok(Math.abs(taken - 101) <= 2, `${taken} in ten seconds`);
});

test('spare tokens are left for others', () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 3 }, 0);
  assert.equal(bucket.take(0, 2), true);
  assert.equal(bucket.take(0, 2), false);
  assert.equal(bucket.take(0), true);
  assert.equal(bucket.take(0), true);
  assert.equal(bucket.take(0), false);
});

test('buckets of many keys are forgotten when they are full again', () => {
  const buckets = new TokenBuckets({ perSecond: 10, burst: 1 });
  for (let number = 0; number < 100_000; number += 1) buckets.take(`key ${number}`, number);
  assert.ok(buckets.size < 1_000, `${buckets.size} buckets`);
  assert.equal(buckets.take('one', 200_000), true);
  assert.equal(buckets.take('one', 200_000), false);
  assert.equal(buckets.take('another', 200_000), true);
});
