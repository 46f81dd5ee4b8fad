import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import { asUser, readableBuild, type User } from './other-user.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** A directory that every user can enter, in which an owner's connectors run with all the files that they make. */
export interface Machine {
  readonly top: string;
  readonly daemons: readonly Daemon[];
  /** Of the server. */
  readonly port: number;
}

interface MachineOptions {
  readonly owner: User;
  /** `everybody_can_send_messages`. */
  readonly everybody: boolean;
}

/**
 * Runs, as their owner: a server and its enrolled client with mutual TLS, a program that listens, and a client that waits
 * for its server with a message and a file. The server has received a message and a file, and has invited two clients, one
 * of which has joined.
 */
export async function machineOfUsers(t: TestContext, { owner, everybody }: MachineOptions): Promise<Machine> {
  const { program } = readableBuild(t);
  const top = tempDir(t);
  chmodSync(top, 0o711);
  chownSync(top, owner.uid, owner.gid);
  const shell = (line: string): unknown =>
    execFileSync('sh', ['-c', `umask 022; ${line}`], { ...owner, cwd: top });
  const home = join(top, 'home');
  shell(
    'mkdir -m 711 home server client; mkdir -m 700 config client/certificates; echo content > config/sent.txt',
  );
  const daemons: Daemon[] = [];
  const runs = (...args: readonly string[]): Daemon => {
    const daemon = new Daemon(t, args, home, { ...owner, program, cwd: top });
    daemons.push(daemon);
    return daemon;
  };
  const ends = async (...args: readonly string[]): Promise<string> => {
    const daemon = new Daemon(t, args, home, { ...owner, program, cwd: top });
    const { exitCode, output, errors } = await daemon.finished();
    if (exitCode !== 0) throw new Error(`aioc ${args.join(' ')}: ${errors}`);
    return output;
  };
  const config = (name: string, more: object): string => {
    const path = join(top, 'config', `${name}.json`);
    const types = { send_message_types: ['any'], recv_message_types: ['any'] };
    const common = {
      connector_files_dirpath: join(top, 'run'),
      everybody_can_send_messages: everybody,
      ...types,
    };
    writeFileSync(path, JSON.stringify({ ...common, ...more }), { mode: 0o600 });
    chownSync(path, owner.uid, owner.gid);
    return path;
  };
  const [port, unused] = [await freePort(), await freePort()];
  const server = config('server', {
    is_server: true,
    server_sockaddr: ['127.0.0.1', port],
    certificates_directory_path: join(top, 'server'),
    file_recv_config: { any: { target_directory: join(top, 'received/{source_id}') } },
  });
  const client = config('client', {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', port],
    certificates_directory_path: join(top, 'client'),
  });
  const waiting = config('waiting', {
    is_server: false,
    client_name: 'waiting',
    server_sockaddr: ['127.0.0.1', unused],
    use_ssl: false,
  });
  await ends('create_certificates', join(top, 'server'));
  shell('cp -a server/certificates/client client/certificates');
  for (const file of [server, client, waiting]) await runs('--headless', file).ready();
  await ends('invite', server, 'open');
  await ends('join', (await ends('invite', server, 'joined')).trim(), join(top, 'joined'));
  const listener = runs('listen', server, '--type', 'any');
  for (const [from, text] of [
    [client, 'sent'],
    [waiting, 'kept'],
  ] as const)
    await ends('send', from, text, '--type', 'any', '--no_wait', '--file', join(top, 'config/sent.txt'));
  await waitFor(() => listener.output.includes('sent'), { what: 'the message', timeoutMs: 20_000 });
  return { top, daemons, port };
}

/** Everything below the top, and the top itself as `.`: path and kind. */
export function entriesOf({ top }: Machine): readonly (readonly [path: string, kind: string])[] {
  const paths = ['.', ...readdirSync(top, { recursive: true, encoding: 'utf8' })].sort();
  return paths.map((path) => {
    const found = lstatSync(join(top, path));
    return [path, found.isDirectory() ? 'directory' : found.isSocket() ? 'socket' : 'file'];
  });
}

/** What a user can do with each path; without those with which it can do nothing. */
export async function reach(
  user: User,
  machine: Machine,
): Promise<Readonly<Record<string, readonly string[]>>> {
  return (await asUser(user, REACH, machine.top, entriesOf(machine))) as Record<string, string[]>;
}

/** Tries everything. What a user could change is put back, so that one trial does not hide another. */
const REACH = `async (top, entries) => {
  const fs = require('node:fs');
  const able = {};
  const attempt = (path, what, action) => {
    try { action(); (able[path] ??= []).push(what); } catch {}
  };
  for (const [path, kind] of entries) {
    const full = top + '/' + path;
    if (kind === 'directory') {
      attempt(path, 'list', () => fs.readdirSync(full));
      attempt(path, 'create in', () => { fs.writeFileSync(full + '/planted', ''); fs.unlinkSync(full + '/planted'); });
    } else if (kind === 'file') {
      attempt(path, 'read', () => fs.closeSync(fs.openSync(full, 'r')));
      attempt(path, 'write', () => fs.closeSync(fs.openSync(full, 'r+')));
    } else {
      await new Promise((resolve) => {
        const socket = require('node:net').connect(full, () => {
          (able[path] ??= []).push('connect');
          socket.destroy();
          resolve();
        });
        socket.on('error', resolve);
      });
    }
    attempt(path, 'change mode of', () => fs.chmodSync(full, fs.lstatSync(full).mode & 0o7777));
    attempt(path, 'replace', () => { fs.renameSync(full, full + '.moved'); fs.renameSync(full + '.moved', full); });
  }
  return able;
}`;

/** The sockets on which a process listens: ports, and paths of unix sockets; an abstract one begins with `@`. */
export function listensOn({ process: { pid } }: Daemon, top: string): readonly string[] {
  const directory = `/proc/${pid}/fd`;
  const inodes = new Set(
    readdirSync(directory)
      .map((name) => /^socket:\[(\d+)\]$/.exec(linkOf(join(directory, name)))?.[1])
      .filter((inode) => inode !== undefined),
  );
  const rows = (table: string): readonly string[][] =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  const tcp = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    rows(table)
      .filter((row) => inodes.has(row[9] ?? '') && (table.startsWith('udp') || row[3] === TCP_LISTEN))
      .map((row) => `${table.slice(0, 3)} port ${Number.parseInt(row[1]?.split(':').at(-1) ?? '', 16)}`),
  );
  const unix = rows('unix')
    .filter((row) => inodes.has(row[6] ?? '') && row[3] === UNIX_LISTEN)
    .map((row) => (row[7]?.startsWith('/') ? relative(top, row[7]) : (row[7] ?? '')));
  return [...tcp, ...unix].sort();
}

/** States in Linux's tables. */
const TCP_LISTEN = '0A';
const UNIX_LISTEN = '00010000';

/** A descriptor may be closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
