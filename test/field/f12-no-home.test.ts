/** A user id that is in no list of users, and HOME unset, empty, relative or not there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { homeDirectory } from '../../engine/base/home.ts';
import { placesOfConnector, stateDirectory } from '../../engine/config/user-directories.ts';
import { parseConfig } from '../../engine/index.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { ONLY_ROOT, readableBuild } from '../helpers/other-user.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** In no list of users. */
const UNKNOWN = { uid: 54_321, gid: 54_321 };
const skip = ONLY_ROOT;

/** A directory of that user's, which is its working directory. */
function theirs(t: TestContext): string {
  const directory = tempDir(t);
  chmodSync(directory, 0o755);
  const own = join(directory, 'own');
  mkdirSync(own);
  chownSync(own, UNKNOWN.uid, UNKNOWN.gid);
  return own;
}

const HOMES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['unset', {}],
  ['empty', { HOME: '' }],
  ['relative', { HOME: 'here' }],
  ['not there', { HOME: '/nonexistent' }],
];
for (const [name, env] of HOMES) {
  test(`a daemon whose HOME is ${name} runs, and keeps what it must find again beside its sockets`, {
    skip,
  }, async (t) => {
    const { program } = readableBuild(t);
    const own = theirs(t);
    const run = join(own, 'run');
    const file = join(own, 'config.json');
    const config = { is_server: true, use_ssl: true, ssl_allow_all: true, connector_files_dirpath: run };
    writeFileSync(file, JSON.stringify({ ...config, server_sockaddr: ['127.0.0.1', await freePort()] }));
    // The working directory is one in which nothing may be left.
    const daemon = new Daemon(t, ['--headless', file], own, { ...UNKNOWN, program, onlyEnv: env, cwd: own });
    await daemon.ready();
    assert.ok(existsSync(join(run, 'aioc_state/identity/key.pem')));
    assert.equal(daemon.errors, '');
    assert.deepEqual(readdirSync(own).sort(), ['config.json', 'run']);
    daemon.process.kill('SIGTERM');
    assert.equal((await daemon.finished()).exitCode, 0);
  });
}

test('the chat says what to set, in one line, and leaves nothing in the working directory', { skip }, (t) => {
  const { program } = readableBuild(t);
  const own = theirs(t);
  const source = join(own, 'source');
  writeFileSync(source, 'x');
  const args = ['chat', '--target', '127.0.0.1', '--port', '1', '--upload', source];
  for (const [env, words] of [
    [{}, /^aioc: this user has no home directory: set HOME .*XDG_STATE_HOME.* \[AIOC_STATE_DIRECTORY\]\n$/],
    [{ HOME: '' }, /XDG_STATE_HOME/],
    [
      { XDG_STATE_HOME: own },
      /^aioc: this user has no home directory: set HOME .*--received.* \[AIOC_CONFIG\]\n$/,
    ],
  ] as const) {
    const { stderr, status } = spawnSync(process.execPath, [program, ...args], {
      ...UNKNOWN,
      cwd: own,
      env: { ...env },
      encoding: 'utf8',
    });
    assert.match(stderr, words);
    assert.equal(status, 1);
  }
  assert.deepEqual(readdirSync(own), ['source']);
});

test('a path that begins with ~ is a fault of its key where there is no home', async (t) => {
  const before = process.env['HOME'];
  t.after(() => {
    process.env['HOME'] = before;
  });
  const parsed = (config: object) => () =>
    parseConfig({ is_server: true, ...config }, { source: 'x.json', role: 'manager' });
  process.env['HOME'] = 'relative';
  for (const config of [
    { connector_files_dirpath: '~/run' },
    { journal_directory: '~' },
    { file_recv_config: { any: { target_directory: '~/{source_id}' } } },
  ]) {
    const [key = ''] = Object.keys(config);
    await rejectsWith(Promise.resolve().then(parsed(config)), 'AIOC_CONFIG', new RegExp(`${key}.*set HOME`));
  }
  process.env['HOME'] = '/home/somebody';
  assert.equal(parsed({ journal_directory: '~/j' })().config.journal_directory, '/home/somebody/j');
});

test('a home that is there is used, and XDG_STATE_HOME before it', (t) => {
  const home = tempDir(t);
  assert.equal(homeDirectory({ HOME: home }), home);
  assert.equal(stateDirectory({ HOME: home, XDG_STATE_HOME: 'relative' }), join(home, '.local/state/aioc'));
  const config = { connector_files_dirpath: '/run/aioc' };
  assert.deepEqual(placesOfConnector(config, { HOME: home, XDG_STATE_HOME: '/var/lib' }), {
    stateDirectory: '/var/lib/aioc',
    receivedDirectory: join(home, 'aioc-received'),
  });
});
