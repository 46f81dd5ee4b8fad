import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { accept, refuse, startAioc, startServer, waitForWords } from '../helpers/aioc-session.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

const SLOW = { timeoutMs: 30_000 };
const BIG_BYTES = 50_000_000;

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `aioc chat --target … --upload PATH` without a terminal, in a home of its own. */
async function upload(t: TestContext, port: number, path: string): Promise<Outcome> {
  const home = tempDir(t);
  const args = ['chat', '--target', '127.0.0.1', '--port', `${port}`, '--name', 'ben', '--upload', path];
  const child = spawn(process.execPath, [builtProgram(), ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  const [stdout, stderr, [exitCode]] = await deadline(ended, SLOW.timeoutMs, 'the end of the upload');
  return { exitCode, stdout, stderr };
}

test('a file and a directory are sent without a screen, and nothing but the outcome is printed', async (t) => {
  const port = await freePort();
  await using ada = startServer(port, { args: ['--accept'] });
  await ada.waitFor('● server', SLOW);
  const directory = tempDir(t);
  writeFileSync(join(directory, 'note.txt'), 'a note');
  const file = await upload(t, port, join(directory, 'note.txt'));
  assert.deepEqual(file, {
    exitCode: 0,
    stdout: 'sent note.txt (6 B), saved by the peer as note.txt\n',
    stderr: '',
  });
  assert.equal(readFileSync(join(ada.home, 'aioc-received/note.txt'), 'utf8'), 'a note');
  mkdirSync(join(directory, 'site'));
  writeFileSync(join(directory, 'site/index.html'), '<p>');
  const site = await upload(t, port, join(directory, 'site'));
  assert.deepEqual([site.exitCode, site.stderr], [0, '']);
  assert.match(site.stdout, /^sent site \(\d+ B\), saved by the peer as site\n$/);
  await ada.waitFor(/○ ben/, SLOW);
  assert.equal(readFileSync(join(ada.home, 'aioc-received/site/index.html'), 'utf8'), '<p>');
});

// One after another at the same server.
test('upload to a user who is asked', async (tests) => {
  const port = await freePort();
  await using ada = startServer(port);
  await ada.waitFor('● server', SLOW);

  await tests.test('what cannot be sent is exit code 1 and one line', async (t) => {
    const missing = await upload(t, port, 'nowhere.txt');
    assert.deepEqual([missing.exitCode, missing.stdout], [1, '']);
    assert.match(
      missing.stderr,
      /^aioc: no such file or directory: "[^\n]*nowhere\.txt"[^\n]* \[AIOC_FILE_MISSING]\n$/,
    );
    assert.ok(
      !ada.screenText().includes('asks to connect'),
      'nobody is asked about a file that is not there',
    );
    const nobody = await upload(t, await freePort(), import.meta.filename);
    assert.deepEqual([nobody.exitCode, nobody.stdout], [1, '']);
    assert.match(nobody.stderr, /^aioc: 127\.0\.0\.1:\d+: nothing listens there[^\n]* \[AIOC_CONNECT]\n$/);
  });

  await tests.test('a refusal by the user of the other side is exit code 3', async (t) => {
    const directory = tempDir(t);
    writeFileSync(join(directory, 'note.txt'), 'a note');
    const uploading = upload(t, port, join(directory, 'note.txt'));
    await refuse(ada);
    const { exitCode, stdout, stderr } = await uploading;
    assert.deepEqual([exitCode, stdout], [3, '']);
    assert.match(stderr, /^aioc: 127\.0\.0\.1:\d+: [^\n]+ \[AIOC_REFUSED_BY_PEER]\n$/);
  });

  await tests.test('on a terminal the words, then a bar, are rewritten in one line', async () => {
    const args = ['chat', '--target', '127.0.0.1', '--port', String(port), '--upload', 'big.bin'];
    await using ben = startAioc({
      who: 'ben',
      args,
      columns: 140,
      // Made in the program's own home, before it starts.
      launcher: ['/bin/sh', '-c', `head -c ${BIG_BYTES} /dev/zero > "$HOME/big.bin"; exec "$@"`, 'sh'],
    });
    await ben.waitFor(/waiting to be accepted/, SLOW);
    await waitForWords(ben, 'ben');
    await accept(ada);
    assert.deepEqual(await ben.waitForExit(SLOW), { exitCode: 0, signal: 0 });
    assert.match(ben.rawSince(0), /\r\x1b\[2K\[[#.]{24}] \d+ % {2}.* of 50 MB/);
    assert.equal(ben.transcript(), 'sent big.bin (50 MB), saved by the peer as big.bin');
  });
});

test('a host that nobody knows is exit code 1 and one line', async (t) => {
  const home = tempDir(t);
  const args = ['--target', 'no-such-host.invalid', '--upload', import.meta.filename];
  const child = spawn(process.execPath, [builtProgram(), ...args], { env: { HOME: home } });
  t.after(() => child.kill('SIGKILL'));
  const ended = Promise.all([text(child.stderr), once(child, 'close')]);
  const [stderr, [exitCode]] = await deadline(ended, SLOW.timeoutMs, 'the end of the upload');
  assert.equal(exitCode, 1);
  assert.match(stderr, /^aioc: no-such-host\.invalid:10673: [^\n]+\n$/);
});
