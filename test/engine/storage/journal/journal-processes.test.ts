import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { realDisk } from '../../../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../../../engine/base/real-ports.ts';
import type { Durability } from '../../../../engine/config/shapes.ts';
import { Journal } from '../../../../engine/storage/journal/journal.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { testProgram } from '../../../helpers/test-program.ts';

const WRITER = testProgram('test/fixtures/journal-writer.ts');

const openOn = (directory: string): Promise<Journal> =>
  Journal.open({ disk: realDisk(), directory, clock: realClock(), random: realRandomness() });

for (const durability of ['batch', 'os'] as const satisfies readonly Durability[]) {
  test(`${durability}: what a process had been told is stored outlives kill -9, acks included`, async (t) => {
    const directory = tempDir(t);
    const writer = spawn(process.execPath, [...WRITER, directory, durability], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    t.after(() => writer.kill('SIGKILL'));
    let confirmed = -1;
    let acked = -1;
    await new Promise<void>((resolve) => {
      writer.on('message', (told: { confirmed: number; acked: number }) => {
        ({ confirmed, acked } = told);
        if (confirmed >= 2_000) resolve();
      });
    });
    await assert.rejects(openOn(directory), {
      code: 'AIOC_JOURNAL_IN_USE',
      message: new RegExp(`process ${writer.pid}`),
    });
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const journal = await openOn(directory);
    const batches = await journal.read('a', 0, 1_000_000_000);
    const numbers = batches.map(({ records }) => records.readUInt32LE(0));
    assert.ok((numbers[0] ?? Number.POSITIVE_INFINITY) > acked, 'what was acknowledged does not come back');
    assert.ok((numbers.at(-1) ?? -1) >= confirmed, 'what was confirmed is there');
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, index) => (numbers[0] ?? 0) + index),
      'in order, without a gap',
    );
    await journal.close();
  });
}

test('the lock of a dead process, and of one whose number another has got, is taken over', async (t) => {
  const directory = tempDir(t);
  for (const mark of [
    `aioc-lock-1 ${process.pid} 1 00 ${hostname()}`,
    `aioc-lock-1 999999999 5 00 ${hostname()}`,
    '',
  ]) {
    writeFileSync(join(directory, 'lock'), mark);
    const journal = await openOn(directory);
    await journal.close();
  }
  writeFileSync(join(directory, 'lock'), 'aioc-lock-1 1 1 00 another-machine');
  await assert.rejects(openOn(directory), {
    code: 'AIOC_JOURNAL_IN_USE',
    message: /process 1 of another-machine/,
  });
});
