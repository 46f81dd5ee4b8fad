import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { serverId } from '../protocol/names.ts';

/** Who a connector is to the programs of its own machine: what its unix sockets and files are named after. */
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

/** What stands for the connector in names of persistence and token files: however long, never hashed. */
export function ownerInFileNames(owner: ConnectorOwner): string {
  // A server's id falls apart at its blank, so that address and port stay apart in the name.
  return owner.role === 'server' ? ownerId(owner).split(/\s+/).map(alnum).join('_') : alnum(owner.name);
}

/** What stands for the connector in names of sockets: beyond 32 characters its MD5, in 32 hex digits. */
export function ownerInSocketNames(owner: ConnectorOwner): string {
  const name = ownerInFileNames(owner);
  if (name.length <= SOCKET_OWNER_CHARACTERS) return name;
  // The protocol says MD5; nothing secret hangs on it.
  return createHash('md5').update(name).digest('hex');
}

/**
 * Where the connector takes frames from its programs.
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
 * Where a program takes the messages of one type from its connector.
 *
 * @throws AiocError AIOC_SOCKET_PATH, AIOC_NAME_BAD for a type that cannot be part of a file name
 */
export function receiveSocketPath({ directory, owner, messageType }: ReceiveSocketOptions): string {
  if (messageType === '' || /[/\0]/.test(messageType)) {
    throw new AiocError(
      'AIOC_NAME_BAD',
      `the message type ${JSON.stringify(messageType)} cannot name a socket: use a type that is not empty and has no /`,
    );
  }
  const type = `${owner.role}_${messageType}`;
  return socketPath(directory, `uds_path_receive_from_connector_${type}_${ownerInSocketNames(owner)}`);
}

/**
 * Where the connector takes commands.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function commanderSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, COMMANDER_PREFIX + ownerInSocketNames(owner));
}

/**
 * Where programs that use aioc's library send through the connector (engine/local/native/PROTOCOL.md).
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function nativeSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, `aioc_local_${owner.role}_${ownerInSocketNames(owner)}`);
}

/**
 * Where programs that use aioc's library listen to the connector.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function nativeListenSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, `aioc_listen_${owner.role}_${ownerInSocketNames(owner)}`);
}

/** The directory of files that programs have handed over together with their messages, until those have arrived. */
export function spoolPath(directory: string, owner: ConnectorOwner): string {
  return join(directory, `aioc_spool_${owner.role}_${ownerInSocketNames(owner)}`);
}

/**
 * Where screens are attached. The socket lies in a directory of its own, which only the connector's user can enter.
 *
 * @throws AiocError AIOC_SOCKET_PATH
 */
export function attachSocketPath(directory: string, owner: ConnectorOwner): string {
  return socketPath(directory, join(`${DOOR_PREFIX}${owner.role}_${ownerInSocketNames(owner)}`, DOOR_SOCKET));
}

/** The paths of what may be such sockets in a directory. */
export async function attachSocketsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const attachable = names.filter((name) => name.startsWith(DOOR_PREFIX)).sort();
  return attachable.slice(0, LIMITS.socketsTried).map((name) => join(directory, name, DOOR_SOCKET));
}

/** The JSON list of the connectors that run in a directory (PROTOCOL §4). */
export function activeConnectorsPath(directory: string): string {
  return join(directory, 'active_connectors.json');
}

/** How a connector stands in that list. */
export function activeConnectorEntry(owner: ConnectorOwner): string {
  return owner.role === 'server' ? `${owner.host} ${owner.port}` : owner.name;
}

/** The connector that an entry of the list stands for. A client's name has no blank, so the two cannot be confused. */
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
      `the socket path ${path} has ${sizeBytes} bytes, at most ${LIMITS.socketPathBytes} are possible: choose a shorter connector_files_dirpath`,
    );
  }
  return path;
}

/** What the names of the sockets that take commands begin with, Python's too. */
export const COMMANDER_PREFIX = 'uds_path_commander_';
const DOOR_PREFIX = 'aioc_door_';
const DOOR_SOCKET = 'socket';

/** The longest form of a connector's id that stands in a socket's name as it is. */
const SOCKET_OWNER_CHARACTERS = 32;
