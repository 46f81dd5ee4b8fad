import assert from 'node:assert/strict';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../../engine/base/limits.ts';
import { removeLock } from '../../../../engine/base/locks/remove-lock.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const MARK = 'a mark';

/** A lock, and the turn of another process that is about to remove it. */
function lockAndTurn(t: TestContext): { readonly lock: string; readonly turn: string } {
  const lock = join(tempDir(t), 'lock');
  writeFileSync(lock, MARK);
  mkdirSync(`${lock}.turn`);
  return { lock, turn: `${lock}.turn` };
}

for (const [clock, offsetMs] of [
  ['ahead', -3_600_000],
  ['back', 3_600_000],
] as const) {
  test(`a turn is respected, and a forgotten one ended, when the wall clock was set ${clock}`, async (t) => {
    const { lock, turn } = lockAndTurn(t);
    const time = new Date(Date.now() + offsetMs);
    utimesSync(turn, time, time);
    let nowMs = 1000;
    t.mock.method(performance, 'now', () => nowMs);
    assert.equal(await removeLock(lock, MARK), false);
    nowMs += LIMITS.lockStaleMs;
    assert.equal(await removeLock(lock, MARK), false);
    assert.ok(existsSync(turn), 'it may be the turn of a process that lives');
    nowMs += 1;
    assert.equal(await removeLock(lock, MARK), false);
    assert.ok(!existsSync(turn), 'it has stood still for too long');
    assert.equal(await removeLock(lock, MARK), true);
    assert.ok(!existsSync(lock));
  });
}
