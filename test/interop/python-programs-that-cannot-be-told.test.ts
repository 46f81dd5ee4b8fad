/** Real programs on Python's API, which gets no answer to a message, while a queue, the disk or a listener is in the way. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { receiveSocketPath } from '../../engine/local/socket-names.ts';
import type { ConfiguredSide } from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Config, connected, program, started, until } from '../helpers/key-effects.ts';
import { findPython } from '../helpers/python-peer.ts';
import { PythonProgram } from '../helpers/python-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const COUNT = 20_000;
const NUMBERS = Array.from({ length: COUNT }, (_, number) => number);

const client = (t: TestContext, config: Config): Promise<ConfiguredSide> =>
  started(t, { is_server: false, client_name: 'client1', ...config });

const waitingAt = (side: ConfiguredSide): number =>
  side.queues().find(({ direction }) => direction === 'out')?.depth ?? 0;

/** What a program in Python at a server hears in the end. */
async function heardAt(t: TestContext, python: string, server_sockaddr: unknown): Promise<number[]> {
  const server = await started(t, { is_server: true, server_sockaddr });
  const listener = new PythonProgram(t, { python }, server.configPath);
  await listener.do('listen', { message_type: 'any' });
  let got: number[] = [];
  await waitFor(
    async () => {
      got = (await listener.do('numbers_of', { message_type: 'any' })) as number[];
      return got.length >= COUNT;
    },
    { what: 'all of them', timeoutMs: 90_000 },
  );
  return got;
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4_096);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
}

async function standsStill(side: ConfiguredSide): Promise<void> {
  let before = -1;
  let same = 0;
  await until(() => {
    const now = waitingAt(side);
    same = now === before && now > 0 ? same + 1 : 0;
    before = now;
    return same > 25;
  }, 'the program to be held');
}

test('a Python program at full speed into a full queue, then room: 20,000 of 20,000 arrive', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, max_size_persistence_path: 300_000 });
  const sender = new PythonProgram(t, found, side.configPath);
  const sent = sender.do('send_numbers', { message_type: 'any', count: COUNT });
  await standsStill(side);
  assert.ok(waitingAt(side) < COUNT);
  const got = await heardAt(t, found.python, server_sockaddr);
  assert.equal(await sent, COUNT, 'each was told True');
  assert.deepEqual(got, NUMBERS);
});

test('a Python program at full speed onto a full disk, then room: 20,000 of 20,000 arrive', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const disk = tempDir(t);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk], { stdio: 'ignore' });
  } catch {
    return t.skip('only root can make a small disk');
  }
  t.after(() => execFileSync('umount', ['-l', disk]));
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = await client(t, { server_sockaddr, journal_directory: disk });
  const sender = new PythonProgram(t, found, side.configPath);
  assert.equal(await sender.do('send_numbers', { message_type: 'any', count: 1_000 }), 1_000);
  fill(join(disk, 'filler'));
  const sent = sender.do('send_numbers', { message_type: 'any', first: 1_000, count: COUNT - 1_000 });
  await standsStill(side);
  assert.ok(waitingAt(side) < COUNT);
  rmSync(join(disk, 'filler'));
  assert.equal(await sent, COUNT - 1_000, 'each was told True');
  assert.deepEqual(await heardAt(t, found.python, server_sockaddr), NUMBERS);
});

test('python_listener: at_least_once, a Python listener that is killed while it lags loses nothing', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  const count = 6_000;
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const server = await started(t, { is_server: true, server_sockaddr, python_listener: 'at_least_once' });
  const side = await client(t, { server_sockaddr });
  await connected(server, side);
  const [host, port] = server_sockaddr as [string, number];
  const path = receiveSocketPath({
    directory: join(server.directory, 'run'),
    owner: { role: 'server', host, port },
    messageType: 'any',
  });
  const file = join(tempDir(t), 'done');
  writeFileSync(file, '');
  const done = (): number[] => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
  const api = await program(t, side);
  const slowly = { message_type: 'any', path: file, pause: 0.0005 };
  let listener = new PythonProgram(t, found, server.configPath);
  await listener.do('listen_slowly', slowly);
  const padding = '.'.repeat(200);
  const sending = Promise.all(
    NUMBERS.slice(0, count).map((number) =>
      api.send({ messageType: 'any', data: JSON.stringify({ number, padding }) }),
    ),
  );
  for (const killedAfter of [500, 2_000]) {
    await until(() => done().length >= killedAfter, `${killedAfter} messages`, 30_000);
    listener.process.kill('SIGKILL');
    await once(listener.process, 'exit');
    listener = new PythonProgram(t, found, server.configPath);
    // Python's API does not listen where the socket of a killed program lies.
    rmSync(path, { force: true });
    await listener.do('listen_slowly', slowly);
  }
  await sending;
  await until(() => new Set(done()).size >= count, 'each of them', 60_000);
  const lines = done();
  assert.deepEqual([...new Set(lines)], NUMBERS.slice(0, count), 'first seen in order');
  t.diagnostic(`${lines.length - count} of ${count} came again`);
});
