import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RESTORED } from '../helpers/pty-modes.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { testProgram } from '../helpers/test-program.ts';
import { waitFor } from '../helpers/wait-for.ts';

const FIXTURE = testProgram('test/fixtures/key-echo.ts');
const ROOT = join(import.meta.dirname, '../..');

function startFixture(
  options: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): PtySession {
  return PtySession.start({
    command: process.execPath,
    args: FIXTURE,
    cwd: ROOT,
    ...options,
  });
}

/** A child that nobody has reaped yet is dead all the same. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}

test('the screen, its modes and its environment are those of the program', async () => {
  await using session = startFixture({ columns: 100, rows: 12, env: { GREETING: 'salut' } });
  await session.waitFor('HOME');
  const screen = session.screen();
  assert.equal(screen.length, 12);
  assert.deepEqual(screen.slice(0, 4), [
    'ready 漢字 salut',
    'size 100x12',
    '',
    `CI unset HOME ${session.home}`,
  ]);
  assert.deepEqual(session.modes(), {
    ...RESTORED,
    alternateScreen: true,
    cursorHidden: true,
    autowrap: false,
    bracketedPaste: true,
  });
});

test('a program that leaves in order leaves a restored terminal, its last words and its exit code', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  session.type('q');
  assert.deepEqual(await session.waitForExit(), { exitCode: 3, signal: 0 });
  assert.deepEqual(session.modes(), RESTORED);
  assert.equal(session.screenText().trim(), 'bye');
  assert.equal(session.transcript(), 'bye');
});

test('a program that is killed shows which modes it left behind', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  session.type('c');
  assert.equal((await session.waitForExit()).signal, 9);
  assert.equal(session.modes().cursorHidden, true);
  assert.equal(session.modes().alternateScreen, true);
  assert.throws(() => session.type('x'), /has ended/);
});

test('keys arrive as a terminal sends them', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  const keys: readonly [string, string][] = [
    ['enter', '\r'],
    ['tab', '\t'],
    ['shift-tab', '\x1b[Z'],
    ['ctrl-c', '\x03'],
    ['alt-1', '\x1b1'],
    ['alt-enter', '\x1b\r'],
    ['up', '\x1b[A'],
    ['ctrl-left', '\x1b[1;5D'],
    ['shift-f5', '\x1b[15;2~'],
    ['page-down', '\x1b[6~'],
    ['é', 'é'],
    ['escape', '\x1b'],
  ];
  for (const [name, bytes] of keys) {
    session.press(name);
    await session.waitFor(`got ${JSON.stringify(bytes)} of`);
  }
  assert.throws(() => session.press('hyper-x'), /no key named 'hyper-x'/);
  assert.throws(() => session.press('escape', 'a'), /effect of escape/);
});

test('a paste comes in brackets, and a large one comes whole', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  session.paste('one\ntwo');
  await session.waitFor('got "\\u001b[200~one\\rtwo\\u001b[201~"');
  const before = 'one\ntwo'.length + 12;
  const size = 1_000_000;
  session.paste('x'.repeat(size));
  await session.waitFor(`of ${before + size + 12}`);
});

test('the program learns of a new size and draws for it', async () => {
  await using session = startFixture();
  await session.waitFor('size 80x24');
  session.resize(40, 10);
  await session.waitFor('size 40x10');
  assert.equal(session.screen().length, 10);
});

test('the terminal answers questions about itself', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  session.type('?');
  await session.waitFor('got "\\u001b[3;7R"');
});

test('half of a synchronized update is never taken for the screen', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  session.type('s');
  await session.waitFor('half');
  assert.match(session.screenText(), /whole/);
});

test('bytes are counted, and can be looked at from a mark on', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  const mark = session.bytesWritten();
  session.type('a');
  await session.waitFor('got "a"');
  assert.equal(session.rawSince(mark), '\x1b[3;1H\x1b[Kgot "a" of 1');
  assert.equal(session.bytesWritten() - mark, session.rawSince(mark).length);
  assert.match(session.rawSince(0), /漢字/);
});

test('a wait that fails shows the whole screen and says how the program is', async () => {
  await using session = startFixture();
  await session.waitFor('HOME');
  await assert.rejects(session.waitFor(/nowhere/, { timeoutMs: 100 }), (error: Error) => {
    assert.match(error.message, /waited 100 ms for \/nowhere\//);
    assert.match(error.message, /ready 漢字 hello\nsize 80x24/);
    assert.match(error.message, /running, pid \d+; 80x24; alternateScreen=true/);
    return true;
  });
  session.kill();
  await assert.rejects(session.waitFor('nowhere'), /ended while a test waited for nowhere/);
});

test('a condition may be a function, and what it throws is reported at once', async () => {
  await using session = startFixture();
  await session.waitFor((screen) => screen[1] === 'size 80x24');
  const broken = (): boolean => {
    throw new Error('broken');
  };
  await assert.rejects(session.waitFor(broken), /the condition threw: Error: broken/);
});

test('dispose kills the program and its children, and removes its home', async () => {
  const session = PtySession.start({
    command: '/bin/sh',
    args: ['-c', 'trap "" HUP TERM; sleep 1000 & echo child $!; wait'],
  });
  await session.waitFor(/child \d+/);
  const child = Number(/child (\d+)/.exec(session.screenText())?.[1]);
  assert.ok(existsSync(session.home));
  await session[Symbol.asyncDispose]();
  await waitFor(() => !isAlive(session.pid) && !isAlive(child), { what: 'the end of both' });
  assert.ok(!existsSync(session.home));
});

test('what has scrolled away is in the transcript', async () => {
  await using session = PtySession.start({ command: '/bin/sh', args: ['-c', 'seq 1 100'], rows: 5 });
  assert.equal((await session.waitForExit()).exitCode, 0);
  assert.equal(session.transcript(), Array.from({ length: 100 }, (_, index) => index + 1).join('\n'));
  assert.deepEqual(session.screen().slice(0, 4), ['97', '98', '99', '100']);
});
