import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type net from 'node:net';
import { AiocError, systemCode } from '../base/errors.ts';
import { ensureDirectory } from '../base/own-directory.ts';
import { type ConnectorOwner, nativeSocketPath, ownListenSocketPath } from '../local/socket-names.ts';
import { connectUnix, type SocketUsers } from '../local/unix-sockets.ts';

/**
 * Makes a connector's directory, for a program that is started before it. As root it lets every user through, since
 * root's connector, which has yet to say whether all may send, would keep it as it is.
 *
 * @throws AiocError AIOC_DIRECTORY, AIOC_CONFIG
 */
export async function makeSocketsDirectory(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  const mode = process.geteuid?.() === 0 ? 0o711 : 0o750;
  await ensureDirectory({ path: directory, key: 'connector_files_dirpath', mode });
}

/**
 * Who may connect to a listener's socket to deliver: root gives it away only where a connector of another user can have
 * its sockets at all.
 */
export async function deliveringUsers(directory: string, fromAnyConnector: boolean): Promise<SocketUsers> {
  if (!fromAnyConnector) return 'group';
  const { uid, mode } = await stat(directory);
  return uid !== 0 || (mode & 0o022) !== 0 ? 'everybody' : 'group';
}

/**
 * Connects to the socket of an aioc connector for programs that listen; to the only one that it has, where it is an aioc
 * of before.
 *
 * @throws AiocError AIOC_LISTEN where this user may not listen; the system's own error where nobody answers
 */
export async function connectToListen(directory: string, owner: ConnectorOwner): Promise<net.Socket> {
  const path = ownListenSocketPath(directory, owner);
  try {
    return await connectUnix(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return connectUnix(nativeSocketPath(directory, owner));
    if (code !== 'EACCES') throw error;
    throw new AiocError(
      'AIOC_LISTEN',
      `this user may not listen to the connector: ${path} lets in the connector's user and root, and the connector's group where everybody_can_send_messages is false`,
      { cause: error },
    );
  }
}
