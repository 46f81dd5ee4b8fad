import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Daemon, type Finished, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Cli {
  readonly directory: string;
  readonly server: Daemon;
  readonly serverName: string;
  run(...words: string[]): Promise<Finished>;
}

/** The daemons of a server and a client in one directory, and `aioc cli` to them. */
async function twoDaemons(t: TestContext): Promise<Cli> {
  const directory = tempDir(t);
  const port = await freePort();
  const config = {
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: false,
    connector_files_dirpath: directory,
    default_logger_dirpath: directory,
  };
  const start = async (name: string, own: object): Promise<Daemon> => {
    const file = join(directory, `${name}.json`);
    writeFileSync(file, JSON.stringify({ ...config, ...own }));
    const daemon = new Daemon(t, ['--headless', file], directory);
    await daemon.ready();
    return daemon;
  };
  const server = await start('server', { is_server: true });
  await start('client', { is_server: false, client_name: 'client1' });
  const run = (...words: string[]): Promise<Finished> =>
    runProgram(t, ['cli', ...words, '--connector_files_dirpath', directory], directory);
  const serverName = `127.0.0.1 ${port}`;
  const log = join(directory, 'aioconnectors.log');
  await waitFor(() => existsSync(log) && /client1: connected from/.test(readFileSync(log, 'utf8')), {
    what: 'the connection',
    timeoutMs: 20_000,
  });
  return { directory, server, serverName, run };
}

test('aioc cli to a server and its client', async (t) => {
  const { directory, server, serverName, run } = await twoDaemons(t);

  await t.test(
    'aioc cli says which connectors and commands there are, and what a command needs',
    async () => {
      for (const [words, code, message] of [
        [[join(directory, 'client.json'), 'disconnect_client', 'x'], 1, /client1 is a client: only a server/],
        [[], 2, /use aioc cli CONNECTOR COMMAND .*\n {2}127\.0\.0\.1 \d+ .*\n {2}client1 /],
        [['nobody', 'stop'], 1, /client1/],
        [[serverName], 2, /\n {2}show_connected_peers +list the connected peers/],
        [[serverName, 'dance'], 2, /unknown command dance; the commands are start, stop/],
        [[serverName, 'disconnect_client', 'nobody'], 1, /nobody/],
        [['client1', 'add_blacklist_client', 'x'], 1, /client1 is a client: only a server/],
      ] as const) {
        const { exitCode, errors } = await run(...words);
        assert.equal(exitCode, code, `${words.join(' ')}: ${errors}`);
        assert.match(errors, message);
      }
    },
  );

  // The last of them ends the server.
  await t.test('each command of aioc cli does what it says, and tells what came of it', async () => {
    const steps: readonly (readonly [words: readonly string[], told: RegExp])[] = [
      [['show_connected_peers'], /^\{"client1":\["127\.0\.0\.1",\d+\]\}$/],
      [['peek-queues'], /^\{.*\}$/],
      [['ignore_peer_traffic'], /^\[\]$|^false$/],
      [['ignore_peer_traffic', 'client1'], /client1/],
      [['ignore_peer_traffic', 'enable'], /true|all/],
      [['ignore_peer_traffic', 'disable'], /^\[\]$|^false$/],
      [['show_log_level'], /^INFO$/],
      [['set_log_level', 'WARNING'], /^WARNING$/],
      [['add_blacklist_client', 'client9'], /^true$/],
      [['remove_blacklist_client', 'client9'], /^true$/],
      [['add_blacklist_client', '10.0.0.0/8'], /^true$/],
      [['remove_blacklist_client', '10.0.0.0/8'], /^true$/],
      [['add_whitelist_client', '127.0.0.1'], /^true$/],
      [['remove_whitelist_client', '127.0.0.1'], /^true$/],
      [['disconnect_client', 'client1'], /^true$/],
      [['restart'], /^true$/],
      [['stop', 'hard'], /^true$/],
      [['start'], /^true$/],
    ];
    for (const [words, told] of steps) {
      const { exitCode, output, errors } = await run(serverName, ...words);
      assert.equal(exitCode, 0, `${words.join(' ')}: ${errors}`);
      assert.match(output.trim(), told, words.join(' '));
    }
    assert.equal((await run(serverName, 'shutdown')).exitCode, 0);
    assert.equal((await server.finished()).exitCode, 0);
  });
});
