import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { RESTORED } from '../../helpers/pty-modes.ts';
import { PtySession } from '../../helpers/pty-session.ts';
import { testProgram } from '../../helpers/test-program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FIXTURE = testProgram('test/fixtures/guarded-program.ts');

async function start(manner?: string): Promise<PtySession> {
  const session = PtySession.start({
    command: process.execPath,
    args: [...FIXTURE, ...(manner === undefined ? [] : [manner])],
    cwd: ROOT,
  });
  await session.waitFor('ready');
  const { alternateScreen, cursorHidden, autowrap, bracketedPaste, mouse } = session.modes();
  assert.deepEqual(
    { alternateScreen, cursorHidden, autowrap, bracketedPaste, mouse },
    { alternateScreen: true, cursorHidden: true, autowrap: false, bracketedPaste: true, mouse: 'vt200' },
  );
  return session;
}

/** Ends the program and checks that it leaves the terminal as it found it. */
async function ends(session: PtySession, end: () => void, exitCode: number): Promise<void> {
  end();
  assert.deepEqual(await session.waitForExit(), { exitCode, signal: 0 });
  assert.deepEqual(session.modes(), RESTORED);
  assert.ok(!session.transcript().includes('ready'), 'the frame is gone with the alternate screen');
}

const KEYS: readonly [string, string, number, RegExp | undefined][] = [
  ['quit', 'q', 0, undefined],
  ['throw', 't', 70, /Error: thrown \\x1b\[31mon purpose\s+at /],
  ['rejection', 'r', 70, /Error: rejected on purpose\s+at /],
  ['process.exit', 'x', 7, undefined],
];
for (const [way, name, exitCode, said] of KEYS) {
  test(`the terminal is restored after ${way}`, async () => {
    await using session = await start();
    await ends(session, () => session.type(name), exitCode);
    if (said === undefined) assert.equal(session.transcript(), '');
    else assert.match(session.transcript(), said);
  });
}

for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const) {
  test(`the terminal is restored after ${signal}`, async () => {
    await using session = await start();
    await ends(session, () => session.kill(signal), exitCode);
  });
}

test('an orderly quit has its own exit code, a stubborn one is ended', async () => {
  await using orderly = await start('orderly');
  await ends(orderly, () => orderly.kill('SIGTERM'), 5);
  await using stubborn = await start('stubborn');
  await ends(stubborn, () => stubborn.kill('SIGTERM'), 143);
});

test('what libraries print becomes lines, and is nowhere else on the screen', async () => {
  await using session = await start();
  session.type('p');
  await session.waitFor('by warning');
  assert.deepEqual(session.screen().slice(0, 5), [
    'ready',
    'stdout: by console',
    'stdout: by stdout',
    'stderr: by stderr',
    'stderr: Warning: by warning',
  ]);
  await ends(session, () => session.type('q'), 0);
});

test('Ctrl-Z gives the terminal to the shell, and fg takes it again', async () => {
  await using shell = PtySession.start({
    command: '/bin/bash',
    args: ['--norc', '--noprofile', '-i'],
    cwd: ROOT,
    env: { PS1: 'shell> ', BASH_SILENCE_DEPRECATION_WARNING: '1' },
  });
  await shell.waitFor('shell>');
  shell.type(`${[process.execPath, ...FIXTURE].map((word) => `'${word}'`).join(' ')}\r`);
  await shell.waitFor((rows) => rows[0] === 'ready', { what: 'the first frame' });
  shell.type('z');
  await shell.waitFor('Stopped');
  assert.deepEqual({ ...shell.modes(), bracketedPaste: false }, RESTORED);
  shell.type('fg\r');
  await shell.waitFor((rows) => rows[0] === 'ready' && rows[1] === 'resumed', {
    what: 'the repainted frame',
  });
  assert.equal(shell.modes().alternateScreen, true);
  shell.type('q');
  await shell.waitFor(() => !shell.modes().alternateScreen, { what: 'the main screen' });
  shell.type('echo $?-$((40+2))\r');
  await shell.waitFor('0-42');
});

test('a stop that cannot happen, for want of a shell, is undone', async () => {
  await using session = await start();
  session.type('z');
  await session.waitFor('resumed');
  assert.equal(session.modes().alternateScreen, true);
  await ends(session, () => session.type('q'), 0);
});
