import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Scene } from '../../media/film.ts';
import { film } from '../../media/film.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const FIXTURE = join(import.meta.dirname, 'fixture-program.mjs');
const ROOT = join(import.meta.dirname, '../..');

test('a scene ends in a picture of the screen, and all that it started is gone', async () => {
  let session: PtySession | undefined;
  let directory = '';
  const scene: Scene = {
    name: 'fixture',
    title: 'two messages',
    async play(stage) {
      directory = stage.directory();
      session = stage.start(['hello'], { columns: 40, rows: 5 });
      await session.waitFor('hello');
      session.type('typed');
      await session.waitFor('typed');
      return session;
    },
  };
  const svg = await film(scene, FIXTURE);
  assert.match(svg, />two messages</);
  assert.match(svg, />hello</);
  assert.match(svg, />typed</);
  assert.ok(session?.exit !== undefined);
  assert.ok(!existsSync(directory));
});

test('without the compiled program, making pictures fails and says what to run', (t) => {
  const copy = tempDir(t);
  for (const part of ['media', 'test/helpers', 'engine/base', 'package.json'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'media/make.ts'], {
    cwd: copy,
    encoding: 'utf8',
  });
  assert.equal(stderr, 'dist/cli.js is not there: run `npm run build` first\n');
  assert.equal(status, 1);
});
