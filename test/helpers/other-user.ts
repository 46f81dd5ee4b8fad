import { spawn } from 'node:child_process';
import { chmodSync, cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { builtProgram } from './built-program.ts';
import { tempDir } from './temp-dir.ts';

/** A user of this machine, who need not be in its list of users. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Why a test with a second user is skipped; false where it is not. */
export const ONLY_ROOT = process.geteuid?.() === 0 ? false : 'only root can be a second user as well';

/** The user to whose group root gives the sockets that everybody may send through. */
export function nobody(): User {
  const idIn = (file: string, names: string): number =>
    Number(new RegExp(`^(?:${names}):[^:]*:(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1]);
  return { uid: idIn('/etc/passwd', 'nobody'), gid: idIn('/etc/group', 'nogroup|nobody') };
}

/**
 * Runs a program as another user, and gives what it says in JSON on its output.
 *
 * @param program an expression of a function, to which `args` are given as they are, and whose promise is awaited
 */
export async function asUser(user: User, program: string, ...args: readonly unknown[]): Promise<unknown> {
  const source = `Promise.resolve((${program})(...${JSON.stringify(args)})).then(
    (value) => process.stdout.write(JSON.stringify(value ?? null), () => process.exit()),
    (error) => process.stdout.write(JSON.stringify({ failed: error.code ?? error.message, message: error.message }), () => process.exit()),
  );`;
  const child = spawn(process.execPath, ['--input-type=commonjs', '-e', source], {
    ...user,
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: '/' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === '') throw new Error(`the other user's program said nothing: ${errors}`);
  return JSON.parse(output);
}

/** Whether the other user may connect to each socket: 'connected', or the system's error. */
export function tryToConnect(user: User, paths: readonly string[]): Promise<unknown> {
  const program = `(paths) => Promise.all(paths.map((path) => new Promise((resolve) => {
    const socket = require('node:net').connect(path);
    socket.on('connect', () => { socket.destroy(); resolve('connected'); });
    socket.on('error', ({ code }) => resolve(code));
  })))`;
  return asUser(user, program, paths);
}

/** Writes bytes to a socket as another user, and gives in base64 what comes back until it is quiet for a moment. */
export async function say(user: User, path: string, bytes: Buffer): Promise<Buffer> {
  const program = `(path, bytes) => new Promise((resolve, reject) => {
    const heard = [];
    const socket = require('node:net').connect(path);
    let timer;
    const wait = () => { clearTimeout(timer); timer = setTimeout(() => socket.destroy(), 300); };
    socket.on('error', reject);
    socket.on('data', (chunk) => { heard.push(chunk); wait(); });
    socket.on('close', () => resolve(Buffer.concat(heard).toString('base64')));
    socket.write(Buffer.from(bytes, 'base64'), wait);
  })`;
  const heard = await asUser(user, program, path, bytes.toString('base64'));
  if (typeof heard !== 'string') throw new Error(JSON.stringify(heard));
  return Buffer.from(heard, 'base64');
}

/** The built program and library in a directory that every user can read. */
export function readableBuild(t: TestContext): { readonly program: string; readonly library: string } {
  const directory = tempDir(t);
  chmodSync(directory, 0o755);
  cpSync(dirname(builtProgram()), join(directory, 'dist'), { recursive: true });
  cpSync('package.json', join(directory, 'package.json'));
  return { program: join(directory, 'dist/cli.js'), library: join(directory, 'dist/index.js') };
}
