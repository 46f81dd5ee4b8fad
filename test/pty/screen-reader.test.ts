import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const SLOW = { timeoutMs: 30_000 };

test('--screen-reader writes lines on the normal screen, takes the same keys, and leaves them there', async (t) => {
  const home = tempDir(t);
  await using session = PtySession.start({
    command: process.execPath,
    args: [builtProgram(), 'chat', '--bind-server-ip', '127.0.0.1', '--port', String(await freePort())],
    env: { HOME: home, AIOC_SCREEN_READER: '1' },
    ...{ columns: 100, rows: 60 },
  });
  await session.waitFor('R reads this pane', SLOW);
  // It may have been starting when it read its first lines; then it tells that it runs.
  await session.waitFor(/aioc running server 127\.0\.0\.1:\d+, TLS/, SLOW);
  session.press('W');
  await session.waitFor('No log entries yet.', SLOW);
  session.press('4');
  await session.waitFor('Enter sends, Esc stops.', SLOW);
  session.type('!echo one two\r');
  await session.waitFor('echo one two: exit 0', SLOW);
  session.press('ctrl-c');
  assert.equal((await session.waitForExit(SLOW)).exitCode, 0);
  assert.equal(session.modes().alternateScreen, false);
  const sequences = session.rawSince(0).match(/\x1b[^a-zA-Z]*[a-zA-Z]/g);
  assert.deepEqual(sequences, ['\x1b[?2004h', '\x1b[?2004l']);
});
