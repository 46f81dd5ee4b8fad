/** Directories that cannot be made or written: one error that names the key, and no defect of aioc. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { started } from '../helpers/key-effects.ts';
import { ONLY_ROOT, readableBuild } from '../helpers/other-user.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const KEYS: readonly (readonly [string, (path: string) => Readonly<Record<string, unknown>>])[] = [
  ['connector_files_dirpath', (path) => ({ connector_files_dirpath: path })],
  ['default_logger_dirpath', (path) => ({ default_logger_dirpath: path })],
  ['journal_directory', (path) => ({ journal_directory: path })],
  ['file_type2dirpath', (path) => ({ file_type2dirpath: { any: path } })],
  ['file_recv_config', (path) => ({ file_recv_config: { any: { target_directory: path } } })],
];

/** Where nothing can be made, whoever asks, and why. */
const PLACES: readonly (readonly [string, (t: TestContext) => string, RegExp])[] = [
  [
    'a part of its path is a file',
    (t) => {
      const file = join(tempDir(t), 'file');
      writeFileSync(file, 'x');
      return join(file, 'below');
    },
    /is not a directory/,
  ],
  [
    'it is a file itself',
    (t) => {
      const file = join(tempDir(t), 'file');
      writeFileSync(file, 'x');
      return file;
    },
    /is not a directory/,
  ],
  [
    'a link above it leads in a circle',
    (t) => {
      const link = join(tempDir(t), 'link');
      symlinkSync(link, link);
      return join(link, 'below');
    },
    /symbolic links form a loop/,
  ],
  ['the system makes no directories there', () => '/proc/aioc/below', /nothing can be created there/],
];
for (const [key, configOf] of KEYS) {
  for (const [why, place, words] of PLACES) {
    test(`${key}: ${why}`, async (t) => {
      const config = {
        is_server: true,
        server_sockaddr: ['127.0.0.1', await freePort()],
        ...configOf(place(t)),
      };
      const error = await started(t, config).then(
        () => undefined,
        (failed: Error) => failed,
      );
      await rejectsWith(
        Promise.reject(error),
        'AIOC_CONFIG',
        new RegExp(`^${key}: .*Set ${key} to a directory that you may write to$`),
      );
      assert.match(String(error?.message), words);
    });
  }
}

test('a parent that is missing is made, with what is above it', async (t) => {
  const path = join(tempDir(t), 'a/b/c');
  await started(t, {
    is_server: true,
    server_sockaddr: ['127.0.0.1', await freePort()],
    connector_files_dirpath: path,
  });
  assert.ok(existsSync(path));
});

test('a daemon that may not write where its sockets would be says so in one line, and exits with 1', {
  skip: ONLY_ROOT,
}, async (t) => {
  const { program } = readableBuild(t);
  const top = tempDir(t);
  chmodSync(top, 0o755);
  const user = { uid: 54_321, gid: 54_321 };
  const file = join(top, 'config.json');
  const daemonWith = async (config: object) => {
    writeFileSync(file, JSON.stringify({ is_server: true, use_ssl: false, ...config }));
    return new Daemon(t, ['--headless', file], top, { ...user, program }).finished();
  };
  const missing = await daemonWith({ connector_files_dirpath: join(top, 'missing/run') });
  assert.match(
    missing.errors,
    /^aioc: connector_files_dirpath: .* cannot be used: user 54321 may not write to \S+\. Set connector_files_dirpath .*\[AIOC_CONFIG\]\n$/,
  );
  const roots = join(top, 'roots');
  mkdirSync(roots, { mode: 0o755 });
  const { exitCode, errors } = await daemonWith({ connector_files_dirpath: roots });
  assert.equal(exitCode, 1);
  assert.match(errors, /user 54321 may not write to \S+roots\./);
  chownSync(roots, user.uid, user.gid);
  const closed = join(top, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const unseen = await daemonWith({
    connector_files_dirpath: roots,
    journal_directory: join(closed, 'journal'),
  });
  assert.match(unseen.errors, /^aioc: journal_directory: .*may not look into/);
});

test('on a file system that is read-only the key is named', { skip: ONLY_ROOT }, async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'config.json');
  const run = join(directory, 'run');
  writeFileSync(file, JSON.stringify({ is_server: true, use_ssl: false, connector_files_dirpath: run }));
  const commands = `mount --make-rprivate / && mount --bind ${directory} ${directory} && mount -o remount,bind,ro ${directory} && exec ${process.execPath} ${builtProgram()} --headless ${file}`;
  const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', commands], { encoding: 'utf8' });
  if (status === null || !stderr.startsWith('aioc:')) return t.skip(`no mount namespaces here: ${stderr}`);
  assert.match(
    stderr,
    /^aioc: connector_files_dirpath: \S+run cannot be used: the file system is read-only\. .*\[AIOC_CONFIG\]\n$/,
  );
  assert.equal(status, 1);
});
