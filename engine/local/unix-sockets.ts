import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { AiocError, type ErrorCode, systemCode } from '../base/errors.ts';

/** Connects to a unix socket. Rejects with the system's own error (`ENOENT`, `ECONNREFUSED`, …). */
export function connectUnix(path: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Whether somebody listens there. A socket file whose program was killed has nobody behind it. */
export async function isLiveSocket(path: string): Promise<boolean> {
  try {
    (await connectUnix(path)).destroy();
    return true;
  } catch (error) {
    // A full backlog, or a socket of another user, is somebody's all the same.
    return systemCode(error) === 'EAGAIN' || systemCode(error) === 'EACCES';
  }
}

/**
 * Who can connect to a socket, besides root and the user who listens on it. `group`: that user's group. `owner`: nobody.
 * `everybody`: as root, the user nobody and its group, to which Python gives the socket; otherwise as `group`.
 */
export type SocketUsers = 'everybody' | 'group' | 'owner';

export interface ListenUnixOptions {
  readonly path: string;
  /** The error to give when somebody listens there already, and what to do about it. */
  readonly taken: { readonly code: ErrorCode; readonly message: string };
  readonly users: SocketUsers;
  /** Takes the place of a socket on which somebody listens, who notices nothing of it. */
  readonly takeOver?: boolean;
  onConnection(socket: net.Socket): void;
}

export interface UnixListener {
  /** Takes no more connections and removes the socket; those that are open stay so. */
  close(): Promise<void>;
  /** Lets whoever connects know that the program behind it takes its messages from the connector's own socket. */
  markSubscriber(): void;
}

/** Whether the program behind a socket has said that it subscribes: its mark goes with the file, and needs no answer. */
export function isMarkedSubscriber(path: string): boolean {
  return ((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & SUBSCRIBER_BIT) !== 0;
}

/**
 * Listens on a unix socket, with mode 0770 unless only its owner is to use it (PROTOCOL §4). The socket file of a program that was killed is replaced; one
 * that answers, or a file that is no socket, is never touched.
 *
 * @throws AiocError the `taken` one, or AIOC_LISTEN
 */
export async function listenUnix(options: ListenUnixOptions): Promise<UnixListener> {
  const { path, taken, users, onConnection } = options;
  await removeStale(options);
  const server = net.createServer(onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        systemCode(error) === 'EADDRINUSE'
          ? new AiocError(taken.code, taken.message, { cause: error })
          : listenError(path, error),
      ),
    );
    listenNarrowly(server, path, resolve);
  });
  // Later errors (no more file descriptors, say) cost a connection, never the program.
  server.on('error', () => undefined);
  openUp(path, users);
  const ours = inodeOf(path);
  // Closing does not wait for the connections: they may well outlive the listening.
  return {
    close: async () => closeServer(server, ours === inodeOf(path)),
    markSubscriber: () => {
      if (ours === inodeOf(path)) mark(path);
    },
  };
}

/** So that nobody connects before the socket has its mode. */
function listenNarrowly(server: net.Server, path: string, listening: () => void): void {
  // A worker may not change the umask of its process.
  const before = isMainThread ? process.umask(0o077) : undefined;
  try {
    // The file is made within this call.
    server.listen(path, listening);
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

function mark(path: string): void {
  try {
    chmodSync(path, (lstatSync(path).mode & 0o777) | SUBSCRIBER_BIT);
  } catch {
    // Systems may refuse it. Then the connector waits for a shorter while.
  }
}

/** Closing removes the file of that name: it may be another program's by now, who has taken it over. */
function closeServer(server: net.Server, isOurs: boolean): void {
  if (isOurs) server.close();
  else server.unref();
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}

async function removeStale({ path, taken, takeOver = false }: ListenUnixOptions): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new AiocError('AIOC_LISTEN', `${path} is in the way and is not a socket: move it away`);
  }
  if (!takeOver && (await isLiveSocket(path))) throw new AiocError(taken.code, taken.message);
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw listenError(path, error);
  }
}

function openUp(path: string, users: SocketUsers): void {
  try {
    chmodSync(path, users === 'owner' ? 0o700 : 0o770);
    const nobody = users === 'everybody' && process.getuid?.() === 0 ? nobodyIds() : undefined;
    if (nobody !== undefined) chownSync(path, nobody.uid, nobody.gid);
  } catch {
    // Without it the socket still serves programs of its own user.
  }
}

/** The sticky bit, which means nothing else for a socket. */
const SUBSCRIBER_BIT = 0o1000;

/** Looked up once: they do not change while a program runs. */
let nobody: { readonly uid: number; readonly gid: number } | undefined;

/** The user nobody, and its group, which is called nogroup or nobody. */
function nobodyIds(): { readonly uid: number; readonly gid: number } | undefined {
  if (nobody !== undefined) return nobody;
  const uid = idIn('/etc/passwd', 'nobody');
  const gid = idIn('/etc/group', 'nogroup') ?? idIn('/etc/group', 'nobody');
  if (uid !== undefined && gid !== undefined) nobody = { uid, gid };
  return nobody;
}

function idIn(file: string, name: string): number | undefined {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2]);
  return Number.isInteger(id) ? id : undefined;
}

const LISTENING: Readonly<Record<string, string>> = {
  ENOENT: 'its directory is not there. Make it, or start the connector first',
  EROFS: 'the disk is read-only. Choose another connector_files_dirpath',
};

/** Why a directory that is there may not be written into, and by whom it could be. */
function notOurs(directory: string): string {
  const owner = statSync(directory, { throwIfNoEntry: false })?.uid;
  const us = process.getuid?.();
  const whose =
    owner === undefined || owner === us ? '' : ` (it belongs to user ${owner}, and you are ${us})`;
  return `you may not write into its directory${whose}. Choose another connector_files_dirpath, or change its permissions`;
}

function listenError(path: string, error: unknown): AiocError {
  // Node says EACCES for a missing directory too.
  const code = existsSync(dirname(path)) ? systemCode(error) : 'ENOENT';
  const known = code === 'EACCES' || code === 'EPERM' ? notOurs(dirname(path)) : LISTENING[code ?? ''];
  const reason = known ?? (error instanceof Error ? error.message : String(error));
  return new AiocError('AIOC_LISTEN', `Cannot listen on ${path}: ${reason}.`, { cause: error });
}
