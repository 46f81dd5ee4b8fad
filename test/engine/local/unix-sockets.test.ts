import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLiveSocket, type ListenUnixOptions, listenUnix } from '../../../engine/local/unix-sockets.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function options(path: string): ListenUnixOptions {
  return {
    path,
    taken: { code: 'AIOC_LISTENER_TAKEN', message: 'somebody is there' },
    users: 'group',
    onConnection: (socket) => socket.destroy(),
  };
}

test('a socket that answers is not taken over, and goes when it is closed', async (t) => {
  const path = join(tempDir(t), 'socket');
  const first = await listenUnix(options(path));
  assert.equal(statSync(path).mode & 0o777, 0o770);
  await rejectsWith(listenUnix(options(path)), 'AIOC_LISTENER_TAKEN', /somebody is there/);
  assert.equal(await isLiveSocket(path), true);
  await first.close();
  assert.equal(existsSync(path), false);
  assert.equal(await isLiveSocket(path), false);
});

test('of two that start at once one wins, and the other is told', async (t) => {
  const path = join(tempDir(t), 'socket');
  const both = await Promise.allSettled([listenUnix(options(path)), listenUnix(options(path))]);
  const won = both.filter(({ status }) => status === 'fulfilled');
  assert.equal(won.length, 1);
  for (const result of both) if (result.status === 'fulfilled') await result.value.close();
});

test('the socket that a killed program left behind is replaced', async (t) => {
  const path = join(tempDir(t), 'socket');
  const program = "require('node:net').createServer().listen(process.argv[1], () => console.log('here'))";
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(existsSync(path), true);
  const listener = await listenUnix(options(path));
  assert.equal(await isLiveSocket(path), true);
  await listener.close();
});

test('a file that is no socket is left alone', async (t) => {
  const path = join(tempDir(t), 'socket');
  writeFileSync(path, 'precious');
  await rejectsWith(listenUnix(options(path)), 'AIOC_LISTEN', /not a socket/);
  assert.equal(readFileSync(path, 'utf8'), 'precious');
});

test('a directory that is not there is named', async (t) => {
  await rejectsWith(listenUnix(options(join(tempDir(t), 'a/b'))), 'AIOC_LISTEN', /directory does not exist/);
});

test('as root the socket is nobody’s, when everybody’s programs shall use it', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a socket away');
  const path = join(tempDir(t), 'socket');
  const listener = await listenUnix({ ...options(path), users: 'everybody' });
  const nobody = /^nobody:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1];
  assert.equal(String(statSync(path).uid), nobody);
  assert.equal(statSync(path).mode & 0o777, 0o770);
  await listener.close();
});
