import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { DiskWatch } from '../../../engine/connector/disk-watch.ts';
import { DiskSpace } from '../../../engine/files/disk-space.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const GIB = 1024 ** 3;

test('the room on a disk is looked at while somebody asks, and told in steps: plenty, little, or refusing', async () => {
  const clock = new FakeClock(0);
  let freeBytes = 50 * GIB;
  let looks = 0;
  const space = new DiskSpace(async () => {
    looks += 1;
    return { bavail: freeBytes, bsize: 1, blocks: 100 * GIB };
  });
  const watch = new DiskWatch({ clock, space, directory: '/anywhere' });
  const room = async (isRefusing = false) => {
    watch.room({ isRefusing });
    await Promise.resolve();
    await Promise.resolve();
    return watch.room({ isRefusing });
  };
  assert.deepEqual(await room(), { freeBytes: 50 * GIB, totalBytes: 100 * GIB, state: 'ok' });
  freeBytes -= 1_000;
  clock.advance(5_000);
  assert.equal((await room())?.freeBytes, Math.floor(49.9 * GIB), 'a thousandth is a step');
  assert.equal(looks, 2, 'not at each question');
  freeBytes = LIMITS.diskReserveBytes * 5;
  clock.advance(5_000);
  assert.equal((await room())?.state, 'low');
  assert.equal((await room(true))?.state, 'refusing');
});
