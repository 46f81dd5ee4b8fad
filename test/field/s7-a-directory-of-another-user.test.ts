/** Directories, logs and links that another user could change, and the modes of what we make. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { attachSocketPath, spoolPath } from '../../engine/local/socket-names.ts';
import { LogFile } from '../../engine/log-files/log-file.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { connectedPair, program, started, until } from '../helpers/key-effects.ts';
import { nobody, ONLY_ROOT } from '../helpers/other-user.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const skip = ONLY_ROOT;

/** A directory of everybody's, like /tmp, in which the second user has been first. */
function sticky(t: TestContext): string {
  const directory = tempDir(t);
  chmodSync(directory, 0o1777);
  return directory;
}

function made(path: string, { uid, gid } = nobody(), mode = 0o755): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  chownSync(path, uid, gid);
  return path;
}

async function server(t: TestContext, config: Readonly<Record<string, unknown>>) {
  return started(t, { is_server: true, server_sockaddr: ['127.0.0.1', await freePort()], ...config });
}

const KEYS: readonly (readonly [string, (path: string) => Readonly<Record<string, unknown>>])[] = [
  ['connector_files_dirpath', (path) => ({ connector_files_dirpath: path })],
  ['default_logger_dirpath', (path) => ({ default_logger_dirpath: path })],
  ['journal_directory', (path) => ({ journal_directory: path })],
  ['file_type2dirpath', (path) => ({ file_type2dirpath: { any: path } })],
  ['file_recv_config', (path) => ({ file_recv_config: { any: { target_directory: path } } })],
  [
    'file_recv_config',
    (path) => ({ file_recv_config: { any: { target_directory: `${path}/{source_id}` } } }),
  ],
];
for (const [key, configOf] of KEYS) {
  const named = new RegExp(`${key} to a directory of your own`);
  test(`${key}: ${JSON.stringify(configOf('X'))} is refused where it is another user's, anybody's, or reached through a link`, {
    skip,
  }, async (t) => {
    const top = sticky(t);
    const theirs = made(join(top, 'theirs'));
    await rejectsWith(server(t, configOf(theirs)), 'AIOC_DIRECTORY', named);
    assert.deepEqual(readdirSync(theirs), []);
    const open = made(join(top, 'open'), { uid: 0, gid: 0 }, 0o777);
    await rejectsWith(server(t, configOf(open)), 'AIOC_DIRECTORY', named);
    const ours = made(join(top, 'ours'), { uid: 0, gid: 0 });
    symlinkSync(ours, join(top, 'link'));
    const { uid, gid } = nobody();
    lchownSync(join(top, 'link'), uid, gid);
    await rejectsWith(server(t, configOf(join(top, 'link'))), 'AIOC_DIRECTORY', named);
    await rejectsWith(server(t, configOf(join(top, 'link', 'below'))), 'AIOC_DIRECTORY', named);
    assert.deepEqual(readdirSync(ours), []);
  });

  test(`${key}: ${JSON.stringify(configOf('X'))} is taken from root, with the mode that it has, its group's and through links of ours`, {
    skip,
  }, async (t) => {
    const top = sticky(t);
    const groups = made(join(top, 'groups'), { uid: 0, gid: nobody().gid }, 0o2770);
    symlinkSync('groups', join(top, 'link'));
    const side = await server(t, configOf(join(top, 'link')));
    assert.equal(statSync(groups).mode & 0o7777, 0o2770);
    await side.engine.stop({ hard: true });
    await server(t, configOf(top));
  });
}

test('a journal that the second user has put into a directory of everybody’s is refused', {
  skip,
}, async (t) => {
  const top = sticky(t);
  const server_sockaddr = ['127.0.0.1', await freePort()];
  made(join(top, `aioc_journal_server_127001_${server_sockaddr[1]}`), nobody(), 0o700);
  await rejectsWith(
    started(t, { is_server: true, server_sockaddr, journal_directory: top }),
    'AIOC_DIRECTORY',
    /journal_directory/,
  );
});

test('certificates whose directory, or one in it, is the second user’s are refused', { skip }, async (t) => {
  for (const part of [
    'certificates',
    'certificates/server/client-certs',
    'certificates/server/server-cert',
  ]) {
    const directory = tempDir(t);
    await makeCertificates(directory, tempDir(t));
    const { uid, gid } = nobody();
    chownSync(join(directory, part), uid, gid);
    const config = { use_ssl: true, certificates_directory_path: directory };
    await rejectsWith(server(t, config), 'AIOC_DIRECTORY', /certificates_directory_path/);
  }
});

const log = (directory: string, more: object = {}) =>
  LogFile.open({
    directory,
    level: 'INFO',
    rotateBytes: undefined,
    backups: 2,
    wallNow: () => 0,
    now: () => performance.now(),
    onTrouble: () => undefined,
    ...more,
  });

test('a log that is a link, another user’s file, or has a second name is refused, and nothing is written', {
  skip,
}, async (t) => {
  const top = sticky(t);
  const victim = join(tempDir(t), 'victim');
  writeFileSync(victim, 'precious');
  const path = join(top, 'aioconnectors.log');
  symlinkSync(victim, path);
  await rejectsWith(log(top), 'AIOC_DIRECTORY', /is a link.*default_logger_dirpath/);
  rmSync(path);
  linkSync(victim, path);
  await rejectsWith(log(top), 'AIOC_DIRECTORY', /second hard link/);
  rmSync(path);
  writeFileSync(path, '');
  chownSync(path, nobody().uid, nobody().gid);
  await assert.rejects(log(top));
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
});

test('neither a new beginning nor a rotation follows a link that has come since: the log says so until it is gone', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'aioconnectors.log');
  const victim = join(tempDir(t), 'victim');
  writeFileSync(victim, 'precious');
  const troubles: string[] = [];
  let nowMs = 0;
  const more = { rotateBytes: 200, now: () => nowMs, onTrouble: (text: string) => troubles.push(text) };
  const file = await log(directory, more);
  file.write({ level: 'INFO', text: 'before' });
  await until(() => readFileSync(path, 'utf8').includes('before'), 'the line');
  renameSync(path, `${path}.moved`);
  symlinkSync(victim, path);
  file.reopen();
  file.write({ level: 'INFO', text: 'lost' });
  await until(() => troubles.length > 0, 'the trouble');
  assert.match(troubles[0] ?? '', /is a link/);
  rmSync(path);
  for (const name of ['1', '2']) symlinkSync(victim, `${path}.${name}`);
  nowMs += 10_000;
  file.write({ level: 'INFO', text: 'x'.repeat(300) });
  file.write({ level: 'INFO', text: 'new file' });
  await until(() => readFileSync(path, 'utf8').includes('new file'), 'the new file');
  assert.match(readFileSync(`${path}.1`, 'utf8'), /log lines are missing here: .*is a link/);
  await file.close();
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
});

test('the log is rotated at its size, keeps so many, and begins again by its name when told to', async (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'aioconnectors.log');
  const file = await log(directory, { rotateBytes: 100 });
  for (let line = 0; line < 12; line += 1)
    file.write({ level: 'INFO', text: `line ${line} ${'.'.repeat(20)}` });
  renameSync(path, `${path}.moved`);
  file.reopen();
  file.write({ level: 'INFO', text: 'last' });
  await file.close();
  const names = readdirSync(directory).sort();
  assert.deepEqual(
    names.filter((name) => !name.endsWith('moved')),
    ['aioconnectors.log', 'aioconnectors.log.1', 'aioconnectors.log.2'],
  );
  assert.match(readFileSync(path, 'utf8') + readFileSync(`${path}.1`, 'utf8'), /last/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what a connector makes is nobody else’s, whatever the umask: only its sockets’ directory can be found', {
  skip,
}, async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const top = tempDir(t);
  const at = (name: string): string => join(top, 'made', name);
  const received = at('received/{source_id}');
  const config = {
    connector_files_dirpath: at('run'),
    default_logger_dirpath: at('log'),
    journal_directory: at('journal'),
    file_recv_config: { any: { target_directory: received } },
  };
  const { server, client } = await connectedPair(t, { server: config });
  const source = join(tempDir(t), 'source');
  writeFileSync(source, 'x');
  utimesSync(source, 1e9, 1e9);
  await (await program(t, client)).send({
    messageType: 'any',
    withFile: { srcPath: source, dstType: 'any', dstName: 'new/file' },
  });
  const file = at('received/client1/new/file');
  await until(() => statSync(file, { throwIfNoEntry: false }), 'the file');
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  assert.equal(modeOf(file), '644');
  assert.equal(Math.trunc(statSync(file).mtimeMs), 1e12);
  const server_address = server.status().address.split(':');
  const owner = { role: 'server', host: '127.0.0.1', port: Number(server_address[1]) } as const;
  const modes = Object.fromEntries(
    ['', 'run', 'log', 'journal', 'received', 'received/client1', 'received/client1/new'].map((name) => [
      name,
      modeOf(at(name)),
    ]),
  );
  assert.deepEqual(modes, {
    '': '711',
    run: '711',
    log: '700',
    journal: '700',
    received: '700',
    'received/client1': '700',
    'received/client1/new': '700',
  });
  assert.equal(modeOf(join(attachSocketPath(at('run'), owner), '..')), '700');
  const clientSpool = spoolPath(join(client.directory, 'run'), { role: 'client', name: 'client1' });
  assert.equal(modeOf(clientSpool), '700');
  process.umask(before);
  const quiet = await started(t, {
    is_server: true,
    server_sockaddr: ['127.0.0.1', await freePort()],
    connector_files_dirpath: at('group'),
    everybody_can_send_messages: false,
  });
  assert.equal(modeOf(at('group')), '750');
  assert.ok(quiet);
});

test('a daemon with default directories that are another user’s does not start, and says which key to set', {
  skip,
}, async (t) => {
  const home = tempDir(t);
  const top = sticky(t);
  const theirs = made(join(top, 'aioconnectors'));
  const victim = join(home, 'victim');
  writeFileSync(victim, '', { mode: 0o600 });
  symlinkSync(victim, join(theirs, 'aioconnectors.log'));
  const file = join(home, 'config.json');
  writeFileSync(file, JSON.stringify({ is_server: true, use_ssl: false, connector_files_dirpath: theirs }));
  const daemon = new Daemon(t, ['--headless', file], home);
  const { exitCode, errors } = await daemon.finished();
  assert.equal(exitCode, 1);
  assert.match(errors, /^aioc: .*belongs to user \d+.*Set connector_files_dirpath.*\[AIOC_DIRECTORY\]\n$/);
  assert.equal(readFileSync(victim, 'utf8'), '');
});
