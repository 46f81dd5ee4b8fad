import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const SLOW = { timeoutMs: 30_000 };
const CHOSEN = /›. inbox · news/;

/** The program of this checkout as another release. */
function otherRelease(directory: string, version: string): string {
  const copy = join(directory, 'other');
  const from = dirname(builtProgram());
  cpSync(from, copy, { recursive: true, filter: (path) => !path.endsWith('.map') });
  writeFileSync(join(copy, 'package.json'), '{"type": "module"}');
  for (const name of readdirSync(copy).filter((one) => one.endsWith('.js'))) {
    const text = readFileSync(join(copy, name), 'utf8');
    const changed = text.replaceAll(`"${VERSION}"`, `"${version}"`);
    if (changed !== text) writeFileSync(join(copy, name), changed);
  }
  return join(copy, basename(builtProgram()));
}

test('three screens on a daemon that is stopped, goes on, is killed, restarted and upgraded: each says so and keeps its row', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'connector.json');
  const config = {
    ...{ is_server: true, server_sockaddr: ['127.0.0.1', await freePort()], use_ssl: false },
    ...{ connector_files_dirpath: directory, default_logger_dirpath: directory },
    recv_message_types: ['event', 'news', 'order'],
  };
  writeFileSync(file, JSON.stringify(config));
  const start = async (program = builtProgram()): Promise<Daemon> => {
    const started = new Daemon(t, ['--headless', file], directory, { program });
    await started.ready();
    return started;
  };
  const daemon = await start();
  const args = [builtProgram(), 'attach', file];
  const sizes = [
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 160, rows: 45 },
  ];
  const screens = sizes.map((size) => PtySession.start({ command: process.execPath, args, ...size }));
  t.after(() => Promise.all(screens.map((screen) => screen[Symbol.asyncDispose]())));
  const all = (look: (screen: PtySession) => Promise<unknown>): Promise<unknown> =>
    Promise.all(screens.map(look));

  await all(async (screen) => {
    await screen.waitFor('inbox · event', SLOW);
    screen.press('2', 'j');
    await screen.waitFor(CHOSEN, SLOW);
  });
  daemon.process.kill('SIGSTOP');
  await all((screen) => screen.waitFor(/✕ server .*not answering for \d+ s/, SLOW));
  daemon.process.kill('SIGCONT');
  await all((screen) => screen.waitFor(/● server/, SLOW));
  await daemon.killed();
  await all((screen) => screen.waitFor(/✕ server .*not reachable/, SLOW));
  const again = await start();
  await all(async (screen) => {
    await screen.waitFor('The connector is back. Its log begins again.', SLOW);
    await screen.waitFor(/● server/, SLOW);
    await screen.waitFor(CHOSEN, SLOW);
  });
  again.process.kill('SIGTERM');
  assert.equal((await again.finished()).exitCode, 0);
  await all((screen) => screen.waitFor(/✕ server .*not reachable/, SLOW));
  const upgraded = await start(otherRelease(directory, '9.8.7'));
  await all(async (screen) => {
    await screen.waitFor(`The connector is back as aioc 9.8.7, before ${VERSION}.`, SLOW);
    await screen.waitFor(CHOSEN, SLOW);
    screen.press('q');
    assert.equal((await screen.waitForExit(SLOW)).exitCode, 0);
  });
  assert.equal(upgraded.process.exitCode, null);
});
