import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCertificates } from '../../engine/index.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon, type Finished, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Machine {
  readonly home: string;
  readonly configPath: string;
  run(...words: string[]): Promise<Finished>;
}

/** A strict server with its certificates, not started. */
async function serverMachine(t: TestContext): Promise<Machine> {
  const home = tempDir(t);
  await createCertificates(home);
  const configPath = join(home, 'server.json');
  const config = {
    is_server: true,
    server_sockaddr: ['127.0.0.1', await freePort()],
    security: 'strict',
    connector_files_dirpath: home,
  };
  writeFileSync(configPath, JSON.stringify(config));
  return { home, configPath, run: (...words) => runProgram(t, words, home) };
}

test('invite, join, list, renew and revoke, as two operators use them', async (t) => {
  const server = await serverMachine(t);
  const { configPath } = server;

  const early = await server.run('invite', configPath, 'carol', '--hours', '2', '--json');
  assert.equal(early.exitCode, 0, early.errors);
  assert.match(
    early.output,
    /^\{"code":"aioc1[0-9a-z]+","name":"carol","address":"127.0.0.1:\d+","expires":"/,
  );

  const daemon = new Daemon(t, ['--headless', configPath], server.home);
  await daemon.ready();
  const invited = await server.run('invite', configPath, 'bob', '--address', 'localhost');
  assert.match(invited.output, /^aioc1[0-9a-z]+\n$/, invited.errors);
  assert.match(invited.errors, /bob can use this invitation once, until .* at localhost:\d+/);

  const directory = join(tempDir(t), 'bob');
  const joined = await server.run('join', invited.output.trim(), directory);
  assert.equal(joined.exitCode, 0, joined.errors);
  assert.match(joined.output, /^joined localhost:\d+ as bob\nserver: \w+(-\w+){7}\nNext: {3}aioc /);
  const again = await server.run('join', invited.output.trim(), join(tempDir(t), 'second'));
  assert.equal(again.exitCode, 3);
  assert.match(again.errors, /^aioc: this invitation is not valid: [^\n]*\[AIOC_REFUSED_BY_PEER\]\n$/);

  const bobFile = join(directory, 'config.json');
  // The usual directory is shared by all tests.
  const written = JSON.parse(readFileSync(bobFile, 'utf8')) as object;
  writeFileSync(bobFile, JSON.stringify({ ...written, connector_files_dirpath: directory }));
  const bob = new Daemon(t, ['--headless', bobFile], tempDir(t));
  await bob.ready();
  const status = async (): Promise<string> =>
    (await server.run('status', '--connector_files_dirpath', server.home)).output;
  await waitFor(
    async () => /bob {2}connected from .*, certificate valid for 36\d days/.test(await status()),
    {
      what: 'bob to be connected',
      timeoutMs: 20_000,
    },
  );

  const listed = await server.run('certificates', 'list', configPath);
  assert.equal(listed.exitCode, 0, listed.output);
  assert.match(
    listed.output,
    /^NAME +DAYS LEFT +ENDS +STATE +LAST USE +WORDS\nserver +36\d\d .*\nbob +36\d .* valid +now +\w+-.*\ncarol +0 .* invited\n$/,
  );
  assert.equal((await server.run('certificates', 'list', configPath, '--days', '400')).exitCode, 1);
  const asJson = JSON.parse((await server.run('certificates', 'list', server.home, '--json')).output) as {
    readonly kind: string;
    readonly name: string;
  }[];
  assert.deepEqual(
    asJson.map(({ kind, name }) => `${kind} ${name}`),
    ['server server', 'client bob', 'invited carol'],
  );

  const renewed = await server.run('certificates', 'renew', bobFile);
  assert.match(
    renewed.output,
    /^renewed the certificate of bob: it is valid until 20\d\d-\d\d-\d\d\n$/,
    renewed.errors,
  );
  const revoked = await server.run('certificates', 'revoke', configPath, 'bob');
  assert.match(
    revoked.output,
    /^revoked: bob may not connect. To let it join again, invite it: aioc invite /,
  );
  await waitFor(async () => !/bob {2}connected/.test(await status()), { what: 'bob to be cut' });
  const unknown = await server.run('certificates', 'revoke', configPath, 'bob');
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.errors, /bob has no certificate/);
});

test('join reads the code from the standard input, and says what is wrong with it', async (t) => {
  const { spawnSync } = await import('node:child_process');
  const home = tempDir(t);
  const { status, stderr } = spawnSync(process.execPath, [builtProgram(), 'join', '-'], {
    input: 'aioc1abc\n',
    encoding: 'utf8',
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home },
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^aioc: the invitation has a typo, or a part of it is missing: copy it again \[AIOC_INVITATION\]\n$/,
  );
});

test('a connector of the wrong kind, without mutual TLS or not running, and wrong options are explained', async (t) => {
  const server = await serverMachine(t);
  const plain = join(server.home, 'plain.json');
  writeFileSync(
    plain,
    JSON.stringify({ is_server: true, use_ssl: false, connector_files_dirpath: server.home }),
  );
  const client = join(server.home, 'client.json');
  writeFileSync(
    client,
    JSON.stringify({
      is_server: false,
      server_sockaddr: ['127.0.0.1', 1],
      client_name: 'ann',
      connector_files_dirpath: server.home,
    }),
  );
  const cases: readonly (readonly [words: readonly string[], says: RegExp, exitCode: number])[] = [
    [['invite', plain, 'bob'], /does not use mutual TLS/, 1],
    [['invite', client, 'bob'], /only a server can invite/, 1],
    [['invite', server.configPath, 'a b'], /a client's name has 1 to 128 letters/, 1],
    [['invite', server.configPath, 'bob', '--hours', '0'], /--hours takes a number above 0, up to 720/, 2],
    [['invite', server.configPath], /missing argument/, 2],
    [['join'], /missing argument: the code/, 2],
    [['certificates', 'renew', server.configPath], /a running client renews its certificate/, 1],
    [['certificates', 'renew', client], /AIOC_CONNECTOR_AWAY/, 1],
    [['certificates', 'revoke', client, 'bob'], /revoked on the server/, 1],
    [['certificates', 'dance'], /list\|revoke\|renew\|repair/, 2],
  ];
  for (const [words, says, exitCode] of cases) {
    const result = await server.run(...words);
    assert.match(result.errors, says, words.join(' '));
    assert.equal(result.exitCode, exitCode, words.join(' '));
    assert.equal(result.errors.trim().split('\n').length, 1, result.errors);
  }
  const listed = await server.run('certificates', 'list', client);
  assert.equal(listed.exitCode, 1, 'it has no certificate of its own');
  assert.match(listed.output, /ann: .* is missing/);
});

test('the list of a server that runs and does not answer says all that its files say, soon', async (t) => {
  const server = await serverMachine(t);
  const daemon = new Daemon(t, ['--headless', server.configPath], server.home);
  await daemon.ready();
  const beforeMs = performance.now();
  daemon.process.kill('SIGSTOP');
  const listed = await server.run('certificates', 'list', server.configPath, '--json');
  daemon.process.kill('SIGCONT');
  assert.equal(listed.exitCode, 0, listed.errors);
  assert.match(listed.output, /"kind": "server"/);
  assert.ok(performance.now() - beforeMs < 9_000, 'before a command times out');
});
