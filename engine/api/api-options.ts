import { AiocError } from '../base/errors.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { realClock, realRandomness } from '../base/real-ports.ts';
import { configKeys } from '../config/keys.ts';
import { readConfigFile } from '../config/load-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { type ConnectorOwner, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { checkClientName } from '../protocol/names.ts';

/** Which connector of this machine a program talks to. */
export interface ConnectorAddress {
  /** Whether the connector is a server. Default: false. */
  readonly isServer?: boolean;
  /** A client connector's name: needed unless `isServer`. */
  readonly clientName?: string;
  /** The server's address and port, as both connectors' configurations have them: needed when `isServer`. */
  readonly serverSockaddr?: readonly [host: string, port: number];
  /** Where the connector's sockets are. When not given, the connector is looked for in the usual directories. */
  readonly connectorFilesDirpath?: string;
}

export interface ConnectorApiOptions extends ConnectorAddress {
  /** When given, another type is refused here; the connector would drop it in silence. */
  readonly sendMessageTypes?: readonly string[];
  /** When given, listening to another type is refused here; nothing would ever come. */
  readonly recvMessageTypes?: readonly string[];
  /** Whether frames go over one kept connection (default) or each over its own. The connector must be set alike. */
  readonly udsPathSendPreserveSocket?: boolean;
  /** A listener reads each of the connector's connections to its end, so both values work: kept for its config file. */
  readonly udsPathReceivePreserveSocket?: boolean;
  /** Files of this many bytes or more are sent in pieces. Default: LIMITS.chunkUploadBytes. */
  readonly maxSizeChunkUpload?: number;
  /** As root: lets connectors of other users deliver to our listeners. Default: true. */
  readonly receiveFromAnyConnectorOwner?: boolean;
}

/** Time and chance, for tests. */
export interface ApiPorts {
  readonly clock: Clock;
  readonly random: Randomness;
}

export function realApiPorts(): ApiPorts {
  return { clock: realClock(), random: realRandomness() };
}

/**
 * The connector that the options speak of.
 *
 * @throws AiocError AIOC_NAME_BAD for a missing or impossible name or address
 */
export function ownerOf({ isServer = false, clientName, serverSockaddr }: ConnectorAddress): ConnectorOwner {
  if (!isServer) {
    if (clientName === undefined) {
      throw new AiocError('AIOC_NAME_BAD', 'clientName is missing: give the name of the client connector');
    }
    return { role: 'client', name: checkClientName(clientName) };
  }
  const [host, port] = serverSockaddr ?? [];
  if (typeof host !== 'string' || host === '' || !isPort(port)) {
    throw new AiocError(
      'AIOC_NAME_BAD',
      'serverSockaddr is missing or wrong: give the [address, port] of the server connector',
    );
  }
  return { role: 'server', host, port };
}

/** The connector that an entry of active_connectors.json stands for. */
export function connectorOfEntry(entry: string): ConnectorAddress & { readonly isServer: boolean } {
  const owner = parseActiveConnectorEntry(entry);
  return owner.role === 'server'
    ? { isServer: true, serverSockaddr: [owner.host, owner.port] }
    : { isServer: false, clientName: owner.name };
}

function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/**
 * Options from a configuration: the path of a JSON file, or what is in it. A connector's own file serves its programs too.
 *
 * @throws AiocError AIOC_CONFIG naming every fault in a key that programs use, and every key that nobody knows
 */
export async function apiOptionsFromConfig(
  source: string | Readonly<Record<string, unknown>>,
): Promise<ConnectorApiOptions> {
  const values = typeof source === 'string' ? await readConfigFile(source) : source;
  // What only the connector uses may be wrong here, or of a later version, without harm.
  const connectorsOnly = new Set<string>(
    configKeys()
      .filter(([, { templates }]) => !templates.includes('api'))
      .map(([name]) => name),
  );
  const ours = Object.fromEntries(Object.entries(values).filter(([name]) => !connectorsOnly.has(name)));
  const { config } = parseConfig(ours, {
    source: typeof source === 'string' ? source : 'configuration',
    role: 'api',
  });
  return {
    isServer: config.is_server,
    ...(config.client_name !== null && { clientName: config.client_name }),
    serverSockaddr: config.server_sockaddr,
    // Only a directory that was named is the one: otherwise the connector is looked for.
    ...(ours['connector_files_dirpath'] != null && { connectorFilesDirpath: config.connector_files_dirpath }),
    sendMessageTypes: config.send_message_types,
    recvMessageTypes: config.recv_message_types,
    udsPathSendPreserveSocket: config.uds_path_send_preserve_socket,
    udsPathReceivePreserveSocket: config.uds_path_receive_preserve_socket,
    maxSizeChunkUpload: config.max_size_chunk_upload,
    receiveFromAnyConnectorOwner: config.receive_from_any_connector_owner,
  };
}
