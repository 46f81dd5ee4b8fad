import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { DiskWatch } from '../../../engine/connector/disk-watch.ts';
import { DiskSpace } from '../../../engine/files/disk-space.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const GIB = 1024 ** 3;

test('the room on a disk is looked at while somebody asks, and told in steps: plenty, little, or refusing', async () => {
  const clock = new FakeClock(0);
  let freeBytes = 50 * GIB;
  let looks = 0;
  const space = new DiskSpace(async () => {
    looks += 1;
    return { bavail: freeBytes, bsize: 1, blocks: 100 * GIB };
  });
  let changes = 0;
  const onChange = (): void => {
    changes += 1;
  };
  const watch = new DiskWatch({ clock, space, onChange, directory: '/anywhere' });
  const room = async (isRefusing = false) => {
    const before = changes;
    watch.room({ isRefusing });
    if (isRefusing) return watch.room({ isRefusing });
    await waitFor(() => changes > before, { what: 'what a look has found' });
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

test('a directory that is not there yet is on the disk of the nearest one above it', async () => {
  const asked: string[] = [];
  const watch = new DiskWatch({
    clock: new FakeClock(0),
    space: new DiskSpace(async (path) => {
      asked.push(path);
      if (path !== '/home') throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return { bavail: 50 * GIB, bsize: 1, blocks: 100 * GIB };
    }),
    directory: '/home/ben/aioc-received',
    onChange: () => undefined,
  });
  await waitFor(() => watch.room({ isRefusing: false }) !== undefined, { what: 'the room' });
  assert.equal(watch.room({ isRefusing: false })?.freeBytes, 50 * GIB);
  assert.deepEqual(asked, ['/home/ben/aioc-received', '/home/ben', '/home']);
});
