import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeProcessLock } from '../../../../engine/base/locks/process-lock.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const statOf = (pid: number): string[] => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

test('the lock of a killed process whose exit code nobody has asked for is free', {
  skip: process.platform !== 'linux' && 'processes are looked at in /proc, which this system lacks',
}, async (t) => {
  // The shell becomes a program that asks for no exit codes, with the first sleep as its child.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  let said = '';
  parent.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await waitFor(() => said.includes('\n'), { what: 'the number of the child' });
  const pid = Number(said);
  const path = join(tempDir(t), 'lock');
  writeFileSync(path, `aioc-lock-1 ${pid} ${statOf(pid)[19]} 00 ${hostname()}`);
  await assert.rejects(takeProcessLock(path), { code: 'AIOC_JOURNAL_IN_USE' });
  await waitFor(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').startsWith('sleep'), {
    what: 'the exec',
  });
  process.kill(pid, 'SIGKILL');
  await waitFor(() => statOf(pid)[0] === 'Z', { what: 'the end of the child' });
  await (await takeProcessLock(path))();
});
