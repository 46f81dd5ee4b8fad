import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { AiocError, type ErrorCode, systemCode } from '../base/errors.ts';
import { acceptReading, connectReading } from './socket-reading.ts';

/** Connects to a unix socket. Rejects with the system's error (`ENOENT`, `ECONNREFUSED`, …). */
export function connectUnix(
  path: string,
  connect = (to: string): net.Socket => net.connect({ path: to }),
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** The same to a native socket of a connector: its bytes go to a reader (`readWith`). */
export function connectNative(path: string): Promise<net.Socket> {
  return connectUnix(path, connectReading);
}

/** Whether a program listens on the socket. The socket file of a killed program is not live. */
export async function isLiveSocket(path: string): Promise<boolean> {
  try {
    (await connectUnix(path)).destroy();
    return true;
  } catch (error) {
    // A socket with a full backlog, or of another user, is live.
    return systemCode(error) === 'EAGAIN' || systemCode(error) === 'EACCES';
  }
}

/**
 * The users that can connect to a socket, besides its owner and root. `group`: the owner's group. `owner`: none.
 * `everybody`: as root, the user nobody and its group, to which the socket belongs, as in Python; otherwise as `group`.
 */
export type SocketUsers = 'everybody' | 'group' | 'owner';

export interface ListenUnixOptions {
  readonly path: string;
  /** The error if a program already listens on the socket. */
  readonly taken: { readonly code: ErrorCode; readonly message: string };
  readonly users: SocketUsers;
  /** Replaces the socket of another listening program, which gets no notice. */
  readonly takeOver?: boolean;
  /** The bytes of its connections go to readers (`readWith`). */
  readonly isNative?: boolean;
  onConnection(socket: net.Socket): void;
}

export interface UnixListener {
  /** Accepts no more connections and removes the socket. Open connections stay open. */
  close(): Promise<void>;
  /** Marks the socket file: this program receives its messages over the connector's native socket. */
  markSubscriber(): void;
}

/** Whether the program that listens on a socket has marked it as a subscriber's. */
export function isMarkedSubscriber(path: string): boolean {
  return ((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & SUBSCRIBER_BIT) !== 0;
}

/**
 * Listens on a unix socket, with mode 0770, or 0700 for `owner` (PROTOCOL §4). Replaces the socket file of a killed program,
 * but never a live socket or a file that is not a socket.
 *
 * @throws AiocError `taken`, or AIOC_LISTEN
 */
export async function listenUnix(options: ListenUnixOptions): Promise<UnixListener> {
  const { path, taken, users, isNative = false, onConnection } = options;
  await removeStale(options);
  const server = net.createServer({ pauseOnConnect: isNative }, (accepted) =>
    onConnection(isNative ? acceptReading(accepted) : accepted),
  );
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
  // Later errors (such as too many open files) lose a connection, but do not end the program.
  server.on('error', () => undefined);
  openUp(path, users);
  const ours = inodeOf(path);
  // Closing does not wait for open connections.
  return {
    close: async () => closeServer(server, ours === inodeOf(path)),
    markSubscriber: () => {
      if (ours === inodeOf(path)) mark(path);
    },
  };
}

/** Creates the socket with a restrictive umask, so that no one can connect before its mode is set. */
function listenNarrowly(server: net.Server, path: string, listening: () => void): void {
  // A worker thread cannot change the umask.
  const before = isMainThread ? process.umask(0o077) : undefined;
  try {
    // This call creates the file.
    server.listen(path, listening);
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

function mark(path: string): void {
  try {
    chmodSync(path, (lstatSync(path).mode & 0o777) | SUBSCRIBER_BIT);
  } catch {
    // Systems may refuse this; then the connector waits for a shorter time.
  }
}

/** close() removes the file with that name, which may belong to another program that has taken over. */
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
    throw new AiocError('AIOC_LISTEN', `${path} exists but is not a socket: move it away`);
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
    // The socket still works for programs of the same user.
  }
}

/** The sticky bit, which has no other meaning for a socket. */
const SUBSCRIBER_BIT = 0o1000;

/** Looked up once. */
let nobody: { readonly uid: number; readonly gid: number } | undefined;

/** The ids of the user nobody and of its group, nogroup or nobody. */
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
  ENOENT: 'its directory does not exist. Create it, or start the connector first',
  EROFS: 'the file system is read-only. Choose another connector_files_dirpath',
};

/** Why this user cannot write to an existing directory. */
function notOurs(directory: string): string {
  const owner = statSync(directory, { throwIfNoEntry: false })?.uid;
  const us = process.getuid?.();
  const whose =
    owner === undefined || owner === us ? '' : ` (it belongs to user ${owner}; you are user ${us})`;
  return `you cannot write to its directory${whose}. Choose another connector_files_dirpath, or change its permissions`;
}

function listenError(path: string, error: unknown): AiocError {
  // Node reports EACCES for a missing directory, too.
  const code = existsSync(dirname(path)) ? systemCode(error) : 'ENOENT';
  const known = code === 'EACCES' || code === 'EPERM' ? notOurs(dirname(path)) : LISTENING[code ?? ''];
  const reason = known ?? (error instanceof Error ? error.message : String(error));
  return new AiocError('AIOC_LISTEN', `Cannot listen on ${path}: ${reason}.`, { cause: error });
}
