import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runShell } from '../../source/shell.ts';
import { WorkingDirectory } from '../../source/working-directory.ts';
import { tempDir } from '../helpers/temp-dir.ts';

test('cd takes a path, ~, - and nothing, and says why it cannot', async (t) => {
  const home = realpathSync(tempDir(t));
  const before = process.env['HOME'];
  process.env['HOME'] = home;
  t.after(() => {
    process.env['HOME'] = before;
  });
  mkdirSync(join(home, 'a/b'), { recursive: true });
  writeFileSync(join(home, 'file'), '');
  const directory = new WorkingDirectory('/');
  await assert.rejects(directory.change('-'), /no earlier directory/);
  await directory.change('~/a');
  assert.deepEqual([directory.path, directory.shown], [join(home, 'a'), '~/a']);
  await directory.change('b');
  assert.equal(directory.shown, '~/a/b');
  await directory.change('-');
  assert.equal(directory.shown, '~/a');
  await directory.change('-');
  assert.equal(directory.shown, '~/a/b');
  await directory.change(undefined);
  assert.equal(directory.shown, '~');
  await assert.rejects(directory.change('nowhere'), /no such directory: .*nowhere/);
  await assert.rejects(directory.change('file'), /not a directory: .*file/);
  assert.equal(directory.shown, '~');
});

test('a command in a directory that is gone says so, and how to go on', async (t) => {
  const gone = tempDir(t);
  rmSync(gone, { recursive: true });
  const lines = await new Promise<readonly string[]>((resolve) => {
    runShell('true', gone, (row) => row.running || resolve(row.lines));
  });
  assert.match(lines.join('\n'), /is gone: !cd goes to another directory/);
});
