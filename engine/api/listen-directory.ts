import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type net from 'node:net';
import { AiocError, systemCode } from '../base/errors.ts';
import { ensureDirectory } from '../base/own-directory.ts';
import { type ConnectorOwner, nativeListenSocketPath, nativeSocketPath } from '../local/socket-names.ts';
import { connectNative, type SocketUsers } from '../local/unix-sockets.ts';

/**
 * Creates a connector's directory for a program that starts before the connector. As root, the directory is accessible to
 * every user, since root's connector keeps the mode it finds and may let every user send.
 *
 * @throws AiocError AIOC_DIRECTORY, AIOC_CONFIG
 */
export async function makeSocketsDirectory(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  const mode = process.geteuid?.() === 0 ? 0o711 : 0o750;
  await ensureDirectory({ path: directory, key: 'connector_files_dirpath', mode });
}

/**
 * The users that may deliver to a listener's socket. For root, other users only if a connector of another user can have
 * sockets in the directory.
 */
export async function deliveringUsers(directory: string, fromAnyConnector: boolean): Promise<SocketUsers> {
  if (!fromAnyConnector) return 'group';
  const { uid, mode } = await stat(directory);
  return uid !== 0 || (mode & 0o022) !== 0 ? 'everybody' : 'group';
}

/**
 * Connects to the socket of an aioc connector for listening programs. Older versions of aioc have one socket for all.
 *
 * @throws AiocError AIOC_LISTEN if this user may not listen; the system's error if nothing answers
 */
export async function connectToListen(directory: string, owner: ConnectorOwner): Promise<net.Socket> {
  const path = nativeListenSocketPath(directory, owner);
  try {
    return await connectNative(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      return connectNative(nativeSocketPath(directory, owner));
    if (code !== 'EACCES') throw error;
    throw new AiocError(
      'AIOC_LISTEN',
      `this user may not listen: ${path} is open only to the connector's user and root, and to its group if everybody_can_send_messages is false`,
      { cause: error },
    );
  }
}
