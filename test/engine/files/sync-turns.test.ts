import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { inSyncTurn } from '../../../engine/files/sync-turns.ts';

test('few files are synced at the same time, and a failed one gives its turn to the next', async () => {
  const ends: (() => void)[] = [];
  let [running, most] = [0, 0];
  const syncs = Array.from({ length: 10 }, (_, index) =>
    inSyncTurn(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      if (index === 1) throw new Error('the disk is full');
    }),
  );
  const all = Promise.allSettled(syncs);
  for (let ended = 0; ended < syncs.length; ended += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    ends[ended]?.();
  }
  const results = await all;
  assert.equal(most, LIMITS.filesSynced);
  assert.deepEqual(
    results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
    [1],
  );
});
