import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paneText, programPid, startServer } from '../helpers/aioc-session.ts';
import { freePort } from '../helpers/free-port.ts';
import { RESTORED } from '../helpers/pty-modes.ts';
import type { PtySession } from '../helpers/pty-session.ts';

const SLOW = { timeoutMs: 30_000 };
const WIDE = { columns: 120, rows: 40 };

/** What the shell writes after the terminal's settings. */
const TOLD = 'that is all';

/** The program on its first screen, in a shell that tells the terminal's settings when it has ended. */
async function start(fault = ''): Promise<PtySession> {
  const session = startServer(await freePort(), {
    ...WIDE,
    preloads: ['faults.mjs'],
    env: { FAULT: fault },
    // What is written last, before a process ends, may be lost in a busy pseudo-terminal: it ends when that was read.
    afterwards: `stty -a; echo ${TOLD}; read -r _`,
  });
  await session.waitFor('On the other machine', SLOW);
  const { alternateScreen, autowrap, bracketedPaste } = session.modes();
  assert.deepEqual(
    { alternateScreen, autowrap, bracketedPaste },
    { alternateScreen: true, autowrap: false, bracketedPaste: true },
  );
  return session;
}

/** Waits for the program's end and checks that it has left the terminal as it found it. */
async function restored(session: PtySession, exitCode: number): Promise<void> {
  await session.waitForTranscript(TOLD, SLOW);
  session.type('\n');
  assert.deepEqual(await session.waitForExit(SLOW), { exitCode, signal: 0 });
  assert.deepEqual(session.modes(), RESTORED);
  const settings = session.transcript();
  for (const setting of ['icanon', 'echo', 'isig', 'icrnl', 'opost', 'onlcr', 'iexten'])
    assert.match(settings, new RegExp(`[\\s;]${setting}[\\s;]`), `${setting} is on`);
  assert.ok(!settings.includes('1 Peers'), 'the screen is gone with the alternate buffer');
}

test('q gives the terminal back', async () => {
  await using session = await start();
  session.press('q');
  await restored(session, 0);
});

test('q asks when a line has been begun, and gives the terminal back', async () => {
  await using session = await start();
  session.press('4');
  session.type('half a line');
  await session.waitFor('› half a line');
  session.press('escape');
  await session.waitFor('Enter write');
  session.press('q');
  await session.waitFor('Quit aioc?');
  session.press('right');
  await session.waitFor('[ Quit ]');
  session.press('enter');
  await restored(session, 0);
});

test('Ctrl-C asks, and a second one gives the terminal back', async () => {
  await using session = await start();
  session.press('4');
  session.type('half a line');
  await session.waitFor('› half a line');
  session.press('ctrl-c');
  await session.waitFor('Quit aioc?');
  session.press('ctrl-c');
  await restored(session, 0);
});

test('!exit gives the terminal back', async () => {
  await using session = await start();
  session.press('4');
  session.type('!exit');
  await session.waitFor('› !exit');
  session.press('enter');
  await restored(session, 0);
});

test('SIGHUP gives the terminal back', async () => {
  await using session = await start();
  process.kill(programPid(session), 'SIGHUP');
  await restored(session, 129);
});

const FAULTS: readonly (readonly [string, string, number, RegExp | undefined])[] = [
  ['process.exit', 'exit', 7, undefined],
  ['an uncaught throw', 'throw', 70, /Error: thrown \\x1b\[31mon purpose/],
  ['an unhandled rejection', 'reject', 70, /Error: rejected on purpose/],
  ['the end of the worker', 'terminate worker', 70, /AiocError: the engine stopped unexpectedly/],
  ['a process.exit in the worker', 'worker exit', 70, /AiocError: the engine stopped unexpectedly/],
  [
    'a throw in the worker',
    'worker throw',
    70,
    /the engine stopped unexpectedly: thrown \\x1b\[31mon purpose/,
  ],
  ['a rejection in the worker', 'worker reject', 70, /the engine stopped unexpectedly: rejected on purpose/],
];
for (const [what, fault, exitCode, said] of FAULTS) {
  test(`${what} gives the terminal back`, async () => {
    await using session = await start(fault);
    process.kill(programPid(session), 'SIGUSR2');
    await restored(session, exitCode);
    if (said !== undefined) assert.match(session.transcript().replaceAll('\n', ''), said);
  });
}

for (const [thread, signal, exitCode] of [
  ['main', 'SIGTERM', 143],
  ['worker', 'SIGINT', 130],
] as const) {
  test(`what a library prints in the ${thread} thread is in the log, and nowhere else; ${signal} gives the terminal back`, async () => {
    await using session = await start(thread === 'main' ? 'print' : 'worker print');
    const mark = session.bytesWritten();
    process.kill(programPid(session), 'SIGUSR2');
    const printed = ['console.log', 'console.error', 'stdout \\x1b[2J\\x1b[31mred', 'stderr', 'warning'];
    for (const text of printed) {
      await session.waitFor((screen) => paneText(screen, '3 Log').includes(`${thread} ${text}`), {
        ...SLOW,
        what: `${thread} ${text} in the log`,
      });
    }
    const screen = session.screen();
    for (const text of printed) {
      const rows = screen.filter((row) => row.includes(`${thread} ${text}`));
      assert.equal(rows.length, 1, `${text}: ${rows.join('\n')}`);
    }
    assert.ok(!session.rawSince(mark).includes('\x1b[2J'), 'nothing was let through');
    process.kill(programPid(session), signal);
    await restored(session, exitCode);
  });
}
