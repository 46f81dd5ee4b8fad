import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { PtySession } from '../helpers/pty-session.ts';

const SLOW = { timeoutMs: 30_000 };

test('Ctrl-Z in the chat line stops the job of a shell, and fg brings the screen and the line back', async () => {
  const port = await freePort();
  await using session = PtySession.start({
    command: 'bash',
    args: ['--norc', '--noprofile', '-i'],
    columns: 120,
    rows: 40,
    env: { PS1: 'shell> ' },
  });
  await session.waitFor('shell>', SLOW);
  session.type(`${process.execPath} ${builtProgram()} --bind_server_ip 127.0.0.1 --port ${port}\r`);
  await session.waitFor('● server', SLOW);
  session.press('4');
  session.type('half a line');
  await session.waitFor('› half a line', SLOW);
  session.press('ctrl-z');
  await session.waitFor(/Stopped/, SLOW);
  assert.equal(session.modes().alternateScreen, false);
  session.type('fg\r');
  await session.waitFor('› half a line', SLOW);
  assert.equal(session.modes().alternateScreen, true);
  session.press('ctrl-c');
  await session.waitFor('Quit aioc?', SLOW);
  session.press('ctrl-c');
  await session.waitFor('shell>', SLOW);
});
