import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Runs the program without a terminal. */
function run(home: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtProgram(), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home },
    cwd: home,
  });
  return { status, stdout, stderr };
}

test('--version and --help answer and leave, in any place', (t) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const home = tempDir(t);
  assert.deepEqual(run(home, '--version'), { status: 0, stdout: `${version}\n`, stderr: '' });
  const { status, stdout, stderr } = run(home, 'chat', '--help');
  assert.deepEqual([status, stderr], [0, '']);
  for (const option of ['--target', '--port', '--bind_server_ip', '--accept', '--upload'])
    assert.ok(stdout.includes(option), option);
});

const WRONG: readonly (readonly [RegExp, ...string[]])[] = [
  [/--frobnicate/, '--frobnicate'],
  [/--port takes a number from 1 to 65535, not "99999"/, '--port', '99999'],
  [/--port takes a number from 1 to 65535, not "http"/, '--port', 'http'],
  [/--target needs a value/, '--target', ''],
  [/unknown command "dance"/, 'dance'],
  [/unexpected argument "more"/, 'chat', 'more'],
  [/--accept and --target cannot be used together/, '--target', 'here', '--accept'],
  [/--upload needs --target/, '--upload', 'file'],
  [/--name takes/, '--name', 'a\x1b[31mb'],
];
for (const [message, ...args] of WRONG) {
  test(`a wrong command line is one line and exit code 2: ${JSON.stringify(args.join(' '))}`, (t) => {
    const { status, stdout, stderr } = run(tempDir(t), ...args);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^aioc: [^\n]*--help[^\n]*\[AIOC_USAGE\]\n$/);
    assert.match(stderr, message);
    assert.ok(!stderr.includes('\x1b'));
  });
}

test('without a terminal there is no screen: one line, exit code 2', async (t) => {
  const { status, stdout, stderr } = run(tempDir(t));
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /^aioc: [^\n]*needs a terminal[^\n]*\[AIOC_NO_TERMINAL\]\n$/);
  await using piped = PtySession.start({
    command: '/bin/sh',
    args: ['-c', '{ "$@"; echo "exit $?" >&2; } | cat', 'sh', process.execPath, builtProgram()],
    columns: 200,
  });
  await piped.waitForExit();
  assert.match(piped.transcript(), /needs a terminal/);
  assert.match(piped.transcript(), /exit 2$/);
});
