import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { SAMPLE_CLIENT_NAME } from '../config/client-name.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import { serverId } from '../protocol/names.ts';

/** The identity of a connector on its machine: names its unix sockets and files. */
export type ConnectorOwner =
  | { readonly role: 'server'; readonly host: string; readonly port: number }
  | { readonly role: 'client'; readonly name: string };

/** Letters and digits of any script, nothing else (PROTOCOL §4). */
export function alnum(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '');
}

/** The connector's own id on the wire: a client's name, or a server's `('127.0.0.1', 10673)`. */
export function ownerId(owner: ConnectorOwner): string {
  return owner.role === 'server' ? serverId(owner) : owner.name;
}

/** The connector's part of the names of persistence and token files. Never hashed. */
export function ownerInFileNames(owner: ConnectorOwner): string {
  // Split a server's id at its space, so that address and port stay separate in the name.
  return owner.role === 'server' ? ownerId(owner).split(/\s+/).map(alnum).join('_') : alnum(owner.name);
}

/** The connector's part of socket names; if longer than 32 characters, its MD5 in hexadecimal. */
export function ownerInSocketNames(owner: ConnectorOwner): string {
  const name = ownerInFileNames(owner);
  if (name.length <= SOCKET_OWNER_CHARACTERS) return name;
  // The protocol requires MD5; it protects no secret.
  return createHash('md5').update(name).digest('hex');
}

/**
 * Python's send socket, on which the connector receives frames from programs.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function sendSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, `uds_path_send_to_connector_${owner.role}_${ownerInSocketNames(owner)}`);
}

export interface ReceiveSocketOptions {
  readonly directory: string;
  readonly owner: ConnectorOwner;
  readonly messageType: string;
}

/**
 * Python's receive socket, on which a program receives the messages of one type.
 *
 * @throws AiocError AIOC_SOCKET_PATH, AIOC_NAME_BAD for a type that cannot be part of a file name
 */
export function receiveSocketPath({ directory, owner, messageType }: ReceiveSocketOptions): string {
  if (messageType === '' || /[/\0]/.test(messageType)) {
    throw new AiocError(
      'AIOC_NAME_BAD',
      `the message type ${JSON.stringify(messageType)} cannot be part of a socket name: use a type that is not empty and has no "/"`,
    );
  }
  const type = `${owner.role}_${messageType}`;
  return socketPath(directory, `uds_path_receive_from_connector_${type}_${ownerInSocketNames(owner)}`);
}

/**
 * Python's command socket.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function commanderSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, COMMANDER_PREFIX + ownerInSocketNames(owner));
}

/**
 * The native send socket, for programs that use aioc's library (engine/local/native/PROTOCOL.md).
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function nativeSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, `aioc_local_${owner.role}_${ownerInSocketNames(owner)}`);
}

/**
 * The native listen socket, for programs that use aioc's library.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function nativeListenSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, `aioc_listen_${owner.role}_${ownerInSocketNames(owner)}`);
}

/** The directory of files that programs sent as bytes, until the peer has their messages. */
export function spoolPath(directory: string, owner: ConnectorOwner): string {
  return join(directory, `aioc_spool_${owner.role}_${ownerInSocketNames(owner)}`);
}

/**
 * The attach socket, for screens. It is in a separate directory, which only the connector's user can enter.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function attachSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, join(`${DOOR_PREFIX}${owner.role}_${ownerInSocketNames(owner)}`, DOOR_SOCKET));
}

/** The paths of possible attach sockets in a directory. */
export async function attachSocketsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const attachable = names.filter((name) => name.startsWith(DOOR_PREFIX)).sort();
  return attachable.slice(0, LIMITS.socketsTried).map((name) => join(directory, name, DOOR_SOCKET));
}

/**
 * The paths of all unix sockets of a connector with this configuration, and of its programs.
 *
 * @throws AiocError AIOC_SOCKET_PATH if one of them is too long
 */
export function socketsOfConfig(config: ConnectorConfig): readonly string[] {
  const directory = config.connector_files_dirpath;
  const [host, port] = config.server_sockaddr;
  const owner: ConnectorOwner = config.is_server
    ? { role: 'server', host, port }
    : { role: 'client', name: config.client_name ?? SAMPLE_CLIENT_NAME };
  return [
    sendSocketPath(directory, owner),
    commanderSocketPath(directory, owner),
    nativeSocketPath(directory, owner),
    nativeListenSocketPath(directory, owner),
    attachSocketPath(directory, owner),
    ...config.recv_message_types.map((messageType) => receiveSocketPath({ directory, owner, messageType })),
  ];
}

/** The JSON list of the connectors that run in a directory (PROTOCOL §4). */
export function activeConnectorsPath(directory: string): string {
  return join(directory, 'active_connectors.json');
}

/** The connector's entry in that list. */
export function activeConnectorEntry(owner: ConnectorOwner): string {
  return owner.role === 'server' ? `${owner.host} ${owner.port}` : owner.name;
}

/** The connector of an entry. A client's name has no space, so the two forms are unambiguous. */
export function parseActiveConnectorEntry(entry: string): ConnectorOwner {
  const server = /^(\S+) (\d{1,5})$/.exec(entry);
  if (server === null) return { role: 'client', name: entry };
  return { role: 'server', host: server[1] ?? '', port: Number(server[2]) };
}

function socketPath(directory: string, name: string): string {
  const path = join(directory, name);
  const sizeBytes = Buffer.byteLength(path);
  if (sizeBytes > LIMITS.socketPathBytes) {
    throw new AiocError(
      'AIOC_SOCKET_PATH',
      `the socket path ${path} has ${sizeBytes} bytes; the limit is ${LIMITS.socketPathBytes}: choose a shorter connector_files_dirpath`,
    );
  }
  return path;
}

/** The prefix of command socket names, for aioc and Python. */
export const COMMANDER_PREFIX = 'uds_path_commander_';
const DOOR_PREFIX = 'aioc_door_';
const DOOR_SOCKET = 'socket';

/** The longest connector id that is not hashed in socket names. */
const SOCKET_OWNER_CHARACTERS = 32;
