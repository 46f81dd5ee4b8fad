import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Daemon, type Finished, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface LonelyClient {
  readonly directory: string;
  readonly file: string;
  readonly daemon: Daemon;
  readonly address: string;
  /** A tool that looks for connectors in the directory. */
  run(...words: string[]): Promise<Finished>;
}

/** A client whose server is away, as a daemon. Its name is not the one of its sockets. */
async function lonelyClient(t: TestContext): Promise<LonelyClient> {
  const directory = tempDir(t);
  const file = join(directory, 'client.json');
  const port = await freePort();
  const config = {
    is_server: false,
    client_name: 'client-1_a',
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: false,
    connector_files_dirpath: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify(config));
  const daemon = new Daemon(t, ['--headless', file], directory);
  await daemon.ready();
  const run = (...words: string[]): Promise<Finished> =>
    runProgram(t, [...words, '--connector_files_dirpath', directory], directory);
  return { directory, file, daemon, address: `127.0.0.1:${port}`, run };
}

test('a client whose server is away', async (t) => {
  // One daemon for all: each leaves it as the next one needs it.
  const { address, file, run, directory } = await lonelyClient(t);

  await t.test('status lists a client whose server is away, with what it waits for', async () => {
    const sent = await run('send', 'client-1_a', 'for later');
    assert.equal(sent.exitCode, 0, sent.errors);
    const host = address.replaceAll('.', '\\.');
    const { exitCode, output } = await waitFor(
      async () => {
        const status = await run('status');
        return /next try in \d+ s/.test(status.output) ? status : undefined;
      },
      { what: 'the client to wait for its next try' },
    );
    assert.equal(exitCode, 0);
    assert.match(
      output,
      new RegExp(
        `^● client-1_a {2}in .*\\n {4}retrying: not connected to ${host} since \\S+Z: .*refused.*; next try in`,
      ),
    );
    assert.match(output, /the server {2}away, 1 to send/);
    const [seen] = JSON.parse((await run('status', '--json')).output);
    assert.deepEqual([seen.connector, seen.alive, seen.address], ['client-1_a', true, address]);
    assert.ok(['retrying', 'connecting'].includes(seen.phase), seen.phase);
    assert.ok(Date.parse(seen.since) <= Date.now());
    assert.match(seen.away[0].reason ?? seen.reason, /refused/);
    assert.equal(seen.away[0].toSend, 1);
  });

  await t.test(
    'a tool that is told no name finds the one connector there is, though it is connected to nobody',
    async () => {
      const sent = await run('send', '--type', 'any', 'client-1_a', 'hello');
      assert.equal(sent.exitCode, 0, sent.errors);
      const asked = await run('cli');
      assert.match(asked.errors, /use aioc cli CONNECTOR COMMAND .*\n {2}client-1_a {2}in /);
    },
  );

  await t.test('a connector that was stopped is listed as stopped', async () => {
    assert.equal((await runProgram(t, ['cli', file, 'stop', 'hard'], directory)).exitCode, 0);
    const { output } = await run('status');
    assert.match(output, /stopped: not connected to /);
  });
});

test('the sockets of a killed connector are not listed; where it stands in the list it is said to be dead', async (t) => {
  const { directory, daemon, run } = await lonelyClient(t);
  await daemon.killed();
  const gone = await run('status');
  assert.match(gone.output, /^No connectors are running/);
  writeFileSync(join(directory, 'active_connectors.json'), '["client-1_a"]');
  const listed = await run('status');
  assert.match(listed.output, /^✕ client-1_a .*\n {4}not running: its process ended/);
  assert.equal(listed.exitCode, 1);
  const sent = await run('send', 'client-1_a', 'x');
  assert.match(sent.errors, /^aioc: no connector is running/);
  assert.ok(readFileSync(join(directory, 'active_connectors.json'), 'utf8').includes('client-1_a'));
});
