/** What a real second user can do with every file and socket of running connectors is what SECURITY.md says, and no more. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { entriesOf, listensOn, type Machine, machineOfUsers, reach } from '../helpers/machine-of-users.ts';
import { asUser, nobody, ONLY_ROOT, type User } from '../helpers/other-user.ts';
import { pageText } from '../helpers/page-tables.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const skip = ONLY_ROOT;
const root: User = { uid: 0, gid: 0 };
const service: User = { uid: 4001, gid: 4000 };
const rootsGroup: User = { uid: 4321, gid: 0 };
const servicesGroup: User = { uid: 4321, gid: 4000 };
const stranger: User = { uid: 4321, gid: 4321 };

/** The columns of the table after the names and what they are for. */
type Kind = 'nobody, at root’s' | 'root’s group, at root’s' | 'the group' | 'all others';
const COLUMNS: readonly Kind[] = ['nobody, at root’s', 'root’s group, at root’s', 'the group'];

interface Row {
  readonly name: RegExp;
  readonly words: readonly string[];
}

/** The table of SECURITY.md: patterns of names in the connector's directory, and what each kind of user can do. */
const ROWS: readonly Row[] = [
  ...pageText('SECURITY.md').matchAll(/^\| (`.*?) \| .*? \| (.*?) \| (.*?) \| (.*?) \|$/gm),
].flatMap(([, names = '', ...words]) =>
  [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({
    name: new RegExp(
      `^${name.replace('connector_files_dirpath', 'run').replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`,
    ),
    words,
  })),
);

/** What the page promises of the paths that are there. */
function promised(paths: readonly string[], kind: Kind): Readonly<Record<string, readonly string[]>> {
  const found = paths.flatMap((path) => {
    const row = ROWS.find(({ name }) => name.test(path.replace(/^run\//, '')));
    const word = row?.words[COLUMNS.indexOf(kind)] ?? 'no';
    return word === 'no' ? [] : [[path, word.split(', ')] as const];
  });
  return Object.fromEntries(found);
}

async function sees(user: User, kind: Kind, machine: Machine): Promise<void> {
  const all = entriesOf(machine).map(([path]) => path);
  assert.deepEqual(
    await reach(user, machine),
    promised(all, kind),
    `${kind}: user ${user.uid}, group ${user.gid}`,
  );
}

/** Nothing of a process can be read or stopped, and it listens on its port and on the sockets of the table only. */
async function isOnItsOwn(user: User, { daemons, top, port }: Machine): Promise<void> {
  const pids = daemons.map(({ process: { pid } }) => pid);
  const touch = `(pids) => pids.map((pid) => [
    () => process.kill(pid, 'SIGTERM'),
    ...['environ', 'mem', 'maps', 'cwd/.'].map((name) => () => require('node:fs').readFileSync('/proc/' + pid + '/' + name)),
    () => require('node:fs').readdirSync('/proc/' + pid + '/fd'),
  ].map((action) => { try { action(); return 'done'; } catch ({ code }) { return code; } }))`;
  assert.deepEqual(
    await asUser(user, touch, pids),
    pids.map(() => ['EPERM', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES']),
  );
  const sockets = daemons.flatMap((daemon) => listensOn(daemon, top));
  const unknown = sockets.filter((path) => !ROWS.some(({ name }) => name.test(path.replace(/^run\//, ''))));
  assert.deepEqual(unknown, [`tcp port ${port}`]);
}

/** Root's chat, which has received a file. */
async function chatIn(t: TestContext, { top }: Machine): Promise<PtySession> {
  const port = String(await freePort());
  const home = join(top, 'home');
  const chat = PtySession.start({
    command: process.execPath,
    args: [builtProgram(), '--accept', '--bind_server_ip', '127.0.0.1', '--port', port],
    cwd: top,
    env: { HOME: home },
  });
  await chat.waitFor(`--port ${port}`, { timeoutMs: 30_000 });
  const upload = ['--target', '127.0.0.1', '--port', port, '--upload', join(top, 'config/sent.txt')];
  const { exitCode, errors } = await runProgram(t, ['chat', ...upload], tempDir(t));
  assert.equal(exitCode, 0, errors);
  assert.ok(existsSync(join(home, 'aioc-received/sent.txt')));
  return chat;
}

test('root’s connector that lets the user nobody send, and its chat: each file and socket is as closed as SECURITY.md says', {
  skip,
}, async (t) => {
  const machine = await machineOfUsers(t, { owner: root, everybody: true });
  await using chat = await chatIn(t, machine);
  assert.equal(chat.exit, undefined);
  await sees(nobody(), 'nobody, at root’s', machine);
  await sees(rootsGroup, 'root’s group, at root’s', machine);
  await sees(stranger, 'all others', machine);
  await isOnItsOwn(nobody(), machine);
});

test('root’s connector for its group alone: each file and socket is as closed as SECURITY.md says', {
  skip,
}, async (t) => {
  const machine = await machineOfUsers(t, { owner: root, everybody: false });
  await sees(rootsGroup, 'the group', machine);
  await sees(nobody(), 'all others', machine);
  await sees(stranger, 'all others', machine);
});

test('the connector of an ordinary user: each file and socket is as closed as SECURITY.md says', {
  skip,
}, async (t) => {
  const machine = await machineOfUsers(t, { owner: service, everybody: true });
  await sees(servicesGroup, 'the group', machine);
  await sees(nobody(), 'all others', machine);
  await sees(stranger, 'all others', machine);
  await isOnItsOwn(servicesGroup, machine);
});
