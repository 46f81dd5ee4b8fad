import { LIKE_A_MADE_UP_NAME } from '../config/client-name.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import {
  attachSocketPath,
  type ConnectorOwner,
  commanderSocketPath,
  nativeListenSocketPath,
  nativeSocketPath,
  receiveSocketPath,
  sendSocketPath,
} from './socket-names.ts';

/**
 * The paths of all unix sockets that a connector with this configuration and its programs use.
 *
 * @throws AiocError AIOC_SOCKET_PATH when one of them is longer than systems allow
 */
export function socketsOfConfig(config: ConnectorConfig): readonly string[] {
  const directory = config.connector_files_dirpath;
  const [host, port] = config.server_sockaddr;
  const owner: ConnectorOwner = config.is_server
    ? { role: 'server', host, port }
    : { role: 'client', name: config.client_name ?? LIKE_A_MADE_UP_NAME };
  return [
    sendSocketPath(directory, owner),
    commanderSocketPath(directory, owner),
    nativeSocketPath(directory, owner),
    nativeListenSocketPath(directory, owner),
    attachSocketPath(directory, owner),
    ...config.recv_message_types.map((messageType) => receiveSocketPath({ directory, owner, messageType })),
  ];
}
