import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorRemoteTool } from '../../engine/index.ts';
import { Daemon, type Finished, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Server {
  readonly file: string;
  run(...words: string[]): Promise<Finished>;
  /** Starts a client and waits until it is connected. */
  join(name: string): Promise<void>;
}

async function server(t: TestContext): Promise<Server> {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const start = async (config: object): Promise<{ file: string; directory: string }> => {
    const directory = tempDir(t);
    const file = join(directory, 'connector.json');
    const places = { connector_files_dirpath: directory, default_logger_dirpath: directory };
    writeFileSync(file, JSON.stringify({ server_sockaddr, use_ssl: false, ...places, ...config }));
    await new Daemon(t, ['--headless', file], directory).ready();
    return { file, directory };
  };
  const { file, directory } = await start({ is_server: true });
  const tool = await ConnectorRemoteTool.fromConfig(file);
  const run = (...words: string[]): Promise<Finished> => runProgram(t, words, directory);
  const join_ = async (name: string): Promise<void> => {
    await start({ is_server: false, client_name: name });
    await waitFor(async () => name in (await tool.showConnectedPeers()), { what: name });
  };
  return { file, run, join: join_ };
}

test('a tool on a server takes the one client there is, and lists them where there are several', async (t) => {
  const { file, run, join: joins } = await server(t);
  const alone = await run('ping', file);
  assert.equal(alone.exitCode, 1);
  assert.match(alone.errors, /^aioc: no client is connected to this server: name a client with --to NAME/);
  await joins('client1');
  const ping = await run('ping', file);
  assert.match(ping.output, /^client1 answers: ping \(/, ping.errors);
  const sent = await run('send', file, 'hello');
  assert.deepEqual([sent.exitCode, sent.errors], [0, '']);
  const tested = await run('test_send_messages', file, '--count', '1');
  assert.equal(tested.exitCode, 0, tested.errors);
  const named = await run('cli', file, 'delete_client_certificate');
  assert.equal(named.exitCode, 2);
  assert.match(named.errors, /name a client .*; connected:\n {2}client1 /);
  await joins('client2');
  for (const words of [
    ['ping', file],
    ['send', file, 'hello'],
    ['test_send_messages', file, '--count', '1'],
    ['cli', file, 'disconnect_client'],
  ]) {
    const { exitCode, errors } = await run(...words);
    assert.equal(exitCode, 2, words.join(' '));
    assert.match(errors, /^aioc: .*name a client .*; connected:\n {2}client1\n {2}client2 \[/);
  }
});
