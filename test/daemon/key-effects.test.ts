/** Keys whose effect shows in a process of its own, the log's above all: each test changes one and looks at what it does. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, ConnectorRemoteTool } from '../../engine/index.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Config, connected, started } from '../helpers/key-effects.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LOG = 'aioconnectors.log';
/** So many lines fill a log of 1,024 bytes more than three times. */
const LINES = 100;
const LAST_OF_LINES = `nobody${LINES}`;

interface Running {
  readonly daemon: Daemon;
  readonly directory: string;
  readonly file: string;
}

/** A server without TLS that is ready. */
async function running(t: TestContext, config: Readonly<Record<string, unknown>>): Promise<Running> {
  const directory = tempDir(t);
  const file = join(directory, 'connector.json');
  const server_sockaddr = ['127.0.0.1', await freePort()];
  writeFileSync(
    file,
    JSON.stringify({ connector_files_dirpath: directory, server_sockaddr, use_ssl: false, ...config }),
  );
  const daemon = new Daemon(t, ['--headless', file], directory);
  await daemon.ready();
  return { daemon, directory, file };
}

/** Makes the connector log warnings: one for each message to somebody whom no peer can be called like. */
async function makeWarnings(t: TestContext, { file }: Running, count: number): Promise<void> {
  const api = await ConnectorAPI.fromConfig(file);
  t.after(() => api.close());
  for (let index = 0; index < count; index += 1) {
    const toNobody = api.send({ messageType: 'any', destinationId: `nobody${index} `, data: 'x' });
    await rejectsWith(toNobody, 'AIOC_PEER_UNKNOWN', /nobody/);
  }
}

/** Makes the connector log one line for each command. Warnings would not do: of one kind there is one a second. */
async function makeLines({ file }: Running): Promise<void> {
  const tool = await ConnectorRemoteTool.fromConfig(file);
  for (let index = 1; index <= LINES; index += 1)
    await tool.addBlacklistClient({ clientId: `nobody${index}` });
}

/** Makes the connector log something that is no more than information: that a client has come. */
async function makeInformation(t: TestContext, { file }: Running): Promise<void> {
  const { server_sockaddr } = JSON.parse(readFileSync(file, 'utf8')) as Config;
  const client = await started(t, { is_server: false, client_name: 'client1', server_sockaddr });
  await connected(client);
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

test('default_logger_dirpath: where the log is; absent, beside the sockets', async (t) => {
  const elsewhere = join(tempDir(t), 'logs');
  const told = await running(t, { default_logger_dirpath: elsewhere });
  await makeWarnings(t, told, 1);
  await waitFor(() => /nobody0/.test(textOf(join(elsewhere, LOG))), { what: 'the line' });
  assert.equal(existsSync(join(told.directory, LOG)), false);
  const untold = await running(t, {});
  await makeWarnings(t, untold, 1);
  await waitFor(() => /nobody0/.test(textOf(join(untold.directory, LOG))), { what: 'the line' });
});

for (const silent of [true, false]) {
  test(`silent: ${silent}, by what stands on the output`, async (t) => {
    const here = await running(t, { silent });
    await makeWarnings(t, here, 1);
    await waitFor(() => /nobody0/.test(textOf(join(here.directory, LOG))), { what: 'the line in the file' });
    if (!silent)
      await waitFor(() => /WARNING.*nobody0/.test(here.daemon.output), { what: 'it on the output' });
    here.daemon.process.kill('SIGTERM');
    await here.daemon.finished();
    assert.equal(/nobody0/.test(here.daemon.output), !silent);
  });
}

test('default_logger_rotate, default_logger_bk_count: a full log is moved away, so many are kept', async (t) => {
  const here = await running(t, { default_logger_rotate: 1024, default_logger_bk_count: 2 });
  const logs = (): string[] =>
    readdirSync(here.directory)
      .filter((name) => name.startsWith(LOG))
      .sort();
  const last = (): boolean =>
    logs().some((name) => textOf(join(here.directory, name)).includes(LAST_OF_LINES));
  await makeLines(here);
  await waitFor(() => last() && logs().length === 3, { what: 'the logs' });
  assert.deepEqual(logs(), [LOG, `${LOG}.1`, `${LOG}.2`]);
  for (const name of logs()) assert.ok(statSync(join(here.directory, name)).size < 16 * 1024, name);
  const kept = logs().reduce((sum, name) => sum + statSync(join(here.directory, name)).size, 0);
  assert.ok(kept < LINES * 50, 'older lines are gone');
});

test('default_logger_rotate: false, the log stays one file', async (t) => {
  const here = await running(t, { default_logger_rotate: false });
  await makeLines(here);
  await waitFor(() => textOf(join(here.directory, LOG)).includes(LAST_OF_LINES), { what: 'the last line' });
  assert.match(textOf(join(here.directory, LOG)), /nobody1\b/);
  assert.equal(existsSync(join(here.directory, `${LOG}.1`)), false);
});

test('ignore_peer_traffic: what a command changes is written back into the file, and read at the next start', async (t) => {
  const here = await running(t, { ignore_peer_traffic: ['a', 'b'], default_logger_log_level: 'DEBUG' });
  const tool = await ConnectorRemoteTool.fromConfig(here.file);
  const kept = () => JSON.parse(readFileSync(here.file, 'utf8')) as Record<string, unknown>;
  assert.deepEqual(await tool.ignorePeerTrafficShow(), ['a', 'b']);
  for (const [change, expected] of [
    [() => tool.ignorePeerTrafficEnableUnique('c'), ['c']],
    [() => tool.ignorePeerTrafficDisable(), false],
    [() => tool.ignorePeerTrafficEnable(), true],
  ] as const) {
    await change();
    await waitFor(() => JSON.stringify(kept()['ignore_peer_traffic']) === JSON.stringify(expected), {
      what: `${JSON.stringify(expected)} in the file`,
    });
  }
  assert.equal(kept()['default_logger_log_level'], 'DEBUG', 'the other keys stay');
  here.daemon.process.kill('SIGTERM');
  await here.daemon.finished();
  await new Daemon(t, ['--headless', here.file], here.directory).ready();
  assert.equal(await tool.ignorePeerTrafficShow(), true);
});

for (const [level, information] of [
  ['INFO', true],
  ['WARNING', false],
] as const) {
  test(`default_logger_log_level: ${level}`, async (t) => {
    const here = await running(t, { default_logger_log_level: level });
    await makeInformation(t, here);
    await makeWarnings(t, here, 1);
    await waitFor(() => /nobody0/.test(textOf(join(here.directory, LOG))), { what: 'the warning' });
    assert.equal(/ - INFO - /.test(textOf(join(here.directory, LOG))), information);
  });
}
