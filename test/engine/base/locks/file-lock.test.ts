import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../../engine/base/limits.ts';
import { type FileLock, withFileLock } from '../../../../engine/base/locks/file-lock.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

/** A lock whose waiting takes no time. */
function aLock(t: TestContext): FileLock & { waitedMs(): number } {
  let nowMs = 0;
  const after: FileLock['clock']['after'] = (delayMs, action) => {
    nowMs += delayMs;
    setImmediate(action);
    return { cancel: () => undefined };
  };
  return { path: join(tempDir(t), 'lock'), clock: { now: () => nowMs, after }, waitedMs: () => nowMs };
}

const DEAD_PID = 2 ** 22 + 1;

test('one at a time, and nothing is left', async (t) => {
  const lock = aLock(t);
  let inside = 0;
  let most = 0;
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      withFileLock(lock, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
        return number;
      }),
    ),
  );
  assert.deepEqual(
    results,
    Array.from({ length: 20 }, (_, number) => number),
  );
  assert.equal(most, 1);
  assert.ok(!existsSync(lock.path));
});

test('an action that fails lets the next one in', async (t) => {
  const lock = aLock(t);
  await assert.rejects(
    withFileLock(lock, () => Promise.reject(new Error('failed'))),
    /failed/,
  );
  assert.equal(await withFileLock(lock, async () => 1), 1);
});

test('the lock of a process of this machine that has died is free at once, also for many', async (t) => {
  const lock = aLock(t);
  writeFileSync(lock.path, `${DEAD_PID} 00 ${hostname()}`);
  let inside = 0;
  const once = (): Promise<void> =>
    withFileLock(lock, async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
  await once();
  assert.ok(lock.waitedMs() <= LIMITS.lockRetryMs, `${lock.waitedMs()} ms`);
  writeFileSync(lock.path, `${DEAD_PID} 00 ${hostname()}`);
  await Promise.all(Array.from({ length: 5 }, once));
});

test('the lock of another machine, or an empty one, is waited for, and not for ever', async (t) => {
  for (const mark of [`${DEAD_PID} 00 elsewhere`, `${process.pid} 00 ${hostname()}`, '']) {
    const lock = aLock(t);
    writeFileSync(lock.path, mark);
    await withFileLock(lock, async () => undefined);
    assert.ok(lock.waitedMs() > LIMITS.lockStaleMs && lock.waitedMs() < LIMITS.lockStaleMs + 200, mark);
  }
});

test('who has held it too long does not take away another’s', async (t) => {
  const lock = aLock(t);
  await withFileLock(lock, async () => {
    rmSync(lock.path);
    writeFileSync(lock.path, 'another');
  });
  assert.equal(readFileSync(lock.path, 'utf8'), 'another');
});
