import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import * as pty from '@lydell/node-pty';
import { ECHO_HELD_BYTES, LogEcho } from '../../engine/log-files/log-echo.ts';
import { LogFile } from '../../engine/log-files/log-file.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

interface Place {
  readonly directory: string;
  readonly file: string;
  log(): string;
}

/** The configuration of a server that also writes its log to its standard output. */
async function place(t: TestContext): Promise<Place> {
  const directory = tempDir(t);
  const file = join(directory, 's.json');
  const config = {
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: false,
    silent: false,
    connector_files_dirpath: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify(config));
  return { directory, file, log: () => readFileSync(join(directory, 'aioconnectors.log'), 'utf8') };
}

interface Ended {
  readonly exitCode: number | null;
  readonly errors: string;
}

/** Runs a line in a shell, in which $AIOC is the program. */
async function shell(t: TestContext, line: string, directory: string): Promise<Ended> {
  const child = spawn('bash', ['-c', `set -o pipefail; ${line}`], {
    env: { ...process.env, HOME: directory, AIOC: `${process.execPath} ${builtProgram()}` },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  t.after(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  const exitCode = await deadline(
    new Promise<number | null>((resolve) => child.once('close', resolve)),
    20_000,
    line,
  );
  return { exitCode, errors };
}

test('a daemon whose standard output is closed goes on, and says so in its log', async (t) => {
  const { directory, file, log } = await place(t);
  const daemon = new Daemon(t, ['--headless', file], directory);
  await daemon.ready();
  daemon.process.stdout?.destroy();
  for (const what of ['enable', 'disable', 'enable'])
    assert.equal((await runProgram(t, ['cli', file, 'ignore_peer_traffic', what], directory)).exitCode, 0);
  await waitFor(
    () => /WARNING - cannot write the standard output: its reader has gone; the log continues/.test(log()),
    {
      what: 'the warning in the log',
    },
  );
  daemon.process.kill('SIGTERM');
  const { exitCode, errors } = await daemon.finished();
  assert.deepEqual([exitCode, errors], [0, '']);
});

test('a daemon whose standard output is on a full disk goes on, and says so in its log', async (t) => {
  const { directory, file, log } = await place(t);
  const ended = shell(t, `exec $AIOC --headless ${file} >/dev/full`, directory);
  await waitFor(() => log().includes(''), { what: 'the log' });
  const commanded = (...words: string[]): Promise<boolean> =>
    runProgram(t, ['cli', file, ...words], directory).then(({ exitCode }) => exitCode === 0);
  await waitFor(() => commanded('ignore_peer_traffic', 'enable'), { what: 'the daemon' });
  await waitFor(() => /WARNING - cannot write the standard output: the disk is full/.test(log()), {
    what: 'the warning',
  });
  assert.ok(await commanded('shutdown', 'hard'));
  const { exitCode, errors } = await ended;
  assert.equal(exitCode, 0, errors);
  assert.match(errors, /^aioc: cannot write the output: the disk is full \[AIOC_OUTPUT\]\n$/);
});

test('a command whose reader has gone ends quietly; one that cannot write its output fails with one line', async (t) => {
  const { directory } = await place(t);
  for (const words of ['print_config_templates', `log verify ${directory}`, 'status --json']) {
    const { errors } = await shell(t, `$AIOC ${words} | true`, directory);
    assert.doesNotMatch(errors, /EPIPE|\n {4}at /, words);
  }
  assert.deepEqual(await shell(t, '$AIOC --help | true', directory), { exitCode: 0, errors: '' });
  for (const words of ['--help', 'print_config_templates', 'status']) {
    const { exitCode, errors } = await shell(t, `$AIOC ${words} >/dev/full`, directory);
    assert.equal(exitCode, 1, words);
    assert.match(errors, /^aioc: cannot write the output: the disk is full \[AIOC_OUTPUT\]\n$/, words);
  }
  for (const closed of ['<&-', '2>&-', '>&-'])
    assert.equal((await shell(t, `$AIOC --version ${closed}`, directory)).exitCode, 0, closed);
});

test('a command that goes on until it is interrupted ends when nobody reads it any more', async (t) => {
  const { directory, file } = await place(t);
  const daemon = new Daemon(t, ['--headless', file], directory);
  await daemon.ready();
  const { exitCode, errors } = await shell(
    t,
    `$AIOC test_send_messages ${file} --to client1 | head -1`,
    directory,
  );
  assert.equal(exitCode, 0, errors);
  assert.equal(errors, '');
});

test('an output that nobody reads holds a bounded number of lines, and says how many were left out', () => {
  const written: string[] = [];
  let release: () => void = () => undefined;
  const output = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      release = done;
    },
  });
  const troubles: string[] = [];
  const echo = new LogEcho(output, (text) => troubles.push(text));
  const line = 'x'.repeat(999);
  for (let index = 0; index < 5_000; index += 1) echo.write(line);
  assert.ok(output.writableLength <= ECHO_HELD_BYTES + 1_000, String(output.writableLength));
  assert.equal(troubles.length, 1);
  while (output.writableLength > 0) release();
  echo.write('here again');
  while (output.writableLength > 0) release();
  assert.match(written.at(-2) ?? '', /^… 3\d\d\d lines dropped here/);
  assert.equal(written.at(-1), 'here again\n');
});

test('a log file that cannot be written is tried again, and says then how many lines are missing', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'aioconnectors.log');
  let nowMs = 0;
  const troubles: string[] = [];
  mkdirSync(path);
  const log = new LogFile({
    directory,
    level: 'INFO',
    rotateBytes: undefined,
    backups: 0,
    wallNow: () => 0,
    now: () => nowMs,
    onTrouble: (text) => troubles.push(text),
  });
  const write = (text: string): void => log.write({ level: 'INFO', text });
  write('one');
  await waitFor(() => troubles.length === 1, { what: 'the trouble' });
  write('two');
  rmdirSync(path);
  nowMs += 10_000;
  write('three');
  await waitFor(() => /log lines are missing here.*\n.*three\n/.test(readFileSync(path, 'utf8')), {
    what: 'what comes after',
  });
  rmSync(directory, { recursive: true });
  nowMs += 10_000;
  write('four');
  await waitFor(() => readFileSync(path, 'utf8').includes('four'), { what: 'the directory to be made anew' });
  await log.close();
});

test('a screen whose terminal goes away ends in order', async (t) => {
  const { directory, file, log } = await place(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, TERM: 'xterm-256color' };
  const terminal = pty.spawn(process.execPath, [builtProgram(), file], { env, cols: 100, rows: 30 });
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  terminal.onData((text) => {
    shown += text;
  });
  const ended = new Promise<{ readonly signal?: number }>((resolve) => terminal.onExit(resolve));
  await waitFor(() => shown.includes('Peers') && log() !== undefined, { what: 'the screen' });
  (terminal as unknown as { destroy(): void }).destroy();
  const { signal = 0 } = await deadline(ended, 20_000, 'the end of the program');
  assert.ok([0, 1].includes(signal), `ended by signal ${signal}`);
});
