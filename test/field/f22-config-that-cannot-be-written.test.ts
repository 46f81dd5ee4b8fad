import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { attach } from '../../source/index.ts';
import { Daemon, type Finished, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { NOBODY_ID, programForEverybody } from '../helpers/program-for-everybody.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Server {
  /** Its configuration, as the daemon was told it. */
  readonly file: string;
  readonly daemon: Daemon;
  cli(...words: string[]): Promise<Finished>;
  log(): string;
}

/** A server without TLS. Its own directory lies beside that of its configuration. */
async function server(
  t: TestContext,
  write: (directory: string, keys: readonly string[]) => string,
  { asNobody = false } = {},
): Promise<Server> {
  const [directory, run] = [tempDir(t), tempDir(t)];
  const address = `"server_sockaddr": ["127.0.0.1", ${await freePort()}]`;
  const places = `"default_logger_dirpath": "${run}", "connector_files_dirpath": "${run}"`;
  const file = write(directory, ['"use_ssl": false', address, places]);
  const uid = asNobody && process.getuid?.() === 0 ? NOBODY_ID : undefined;
  if (uid !== undefined) {
    chmodSync(directory, 0o755);
    chownSync(run, uid, uid);
  }
  const as = uid === undefined ? {} : { uid, program: programForEverybody(t) };
  const daemon = new Daemon(t, ['--headless', file], run, as);
  await daemon.ready();
  return {
    file,
    daemon,
    cli: (...words) => runProgram(t, ['cli', file, ...words], run),
    log: () => readFileSync(join(run, 'aioconnectors.log'), 'utf8'),
  };
}

const count = (text: string, pattern: RegExp): number => text.match(new RegExp(pattern, 'g'))?.length ?? 0;

test('a command and an attached screen change one value in the file, which keeps its mode, link, order and layout', async (t) => {
  const { file, cli, log } = await server(t, (directory, keys) => {
    mkdirSync(join(directory, 'real'));
    const real = join(directory, 'real', 'server.json');
    writeFileSync(real, `{\n\t"when_full":"refuse",\n\t${keys.join(',\n\t')},\n\n\t"is_server" : true}\n\n`);
    chmodSync(real, 0o644);
    symlinkSync('real/server.json', join(directory, 'link.json'));
    return join(directory, 'link.json');
  });
  const before = readFileSync(file, 'utf8');
  const enabled = await cli('ignore_peer_traffic', 'enable');
  assert.equal(enabled.exitCode, 0, enabled.errors);
  const expected = (value: string): string =>
    before.replace('"is_server" : true}', `"is_server" : true,\n\n\t"ignore_peer_traffic" : ${value}}`);
  assert.equal(readFileSync(file, 'utf8'), expected('true'));
  const engine = await attach(file);
  t.after(() => engine.close());
  assert.deepEqual(await engine.execute({ kind: 'all.ignore', on: false }), { ok: true, value: null });
  assert.equal(readFileSync(file, 'utf8'), expected('false'));
  assert.ok(lstatSync(file).isSymbolicLink());
  assert.equal(statSync(file).mode & 0o777, 0o644);
  const written = await cli('add_blacklist_client', 'client9');
  assert.equal(written.exitCode, 0, written.errors);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).blacklisted_clients_id, ['client9']);
  await waitFor(() => log().includes('added to the blacklist'), { what: 'the line in the log' });
  assert.equal(count(log(), /ignoring all peers \(requested by a command\)/), 1);
  assert.equal(count(log(), /no longer ignoring all peers \(requested by an attached screen\)/), 1);
});

test('a command whose effect cannot be saved says so in its answer and in the log, and has its effect', async (t) => {
  const { file, cli, log } = await server(
    t,
    (directory, keys) => {
      const path = join(directory, 'server.json');
      writeFileSync(path, `{${['"is_server": true', ...keys].join(', ')}}`, { mode: 0o644 });
      if (process.getuid?.() !== 0) {
        chmodSync(path, 0o444);
        chmodSync(directory, 0o555);
      }
      return path;
    },
    { asNobody: true },
  );
  const before = readFileSync(file, 'utf8');
  const { exitCode, errors } = await cli('ignore_peer_traffic', 'enable');
  assert.equal(exitCode, 1);
  assert.match(errors, /^aioc: .*done, but not saved.*server\.json.*\n$/);
  assert.equal((await cli('ignore_peer_traffic', 'show')).output, 'true\n');
  assert.equal(readFileSync(file, 'utf8'), before);
  await waitFor(() => /WARNING - .*done, but not saved.*server\.json/.test(log()), { what: 'the warning' });
  const listed = await cli('add_blacklist_client', 'client9');
  assert.equal(listed.exitCode, 1);
  assert.match(listed.errors, /done, but not saved/);
});

test('where the directory cannot be written and the file can, it is written in place', async (t) => {
  const { file, cli } = await server(
    t,
    (directory, keys) => {
      const path = join(directory, 'server.json');
      writeFileSync(path, `{${['"is_server": true', ...keys].join(', ')}}`, { mode: 0o666 });
      chmodSync(path, 0o666);
      if (process.getuid?.() !== 0) chmodSync(directory, 0o555);
      return path;
    },
    { asNobody: true },
  );
  const { ino } = statSync(file);
  const { exitCode, errors } = await cli('ignore_peer_traffic', 'client1');
  assert.equal(exitCode, 0, errors);
  assert.match(readFileSync(file, 'utf8'), /, "ignore_peer_traffic": \["client1"\]\}$/);
  assert.equal(statSync(file).ino, ino);
});
