import { AiocError } from '../base/errors.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { realClock, realRandomness } from '../base/real-ports.ts';
import { configKeys } from '../config/keys.ts';
import { readConfigFile } from '../config/load-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { type ConnectorOwner, parseActiveConnectorEntry } from '../local/socket-names.ts';
import { checkClientName } from '../protocol/names.ts';

/** Identifies a connector on this machine. */
export interface ConnectorAddress {
  /** Whether the connector is a server. Default: false. */
  readonly isServer?: boolean;
  /** The name of a client connector. Required unless `isServer`. */
  readonly clientName?: string;
  /** The server's address and port, as in the connectors' configurations. Required if `isServer`. */
  readonly serverSockaddr?: readonly [host: string, port: number];
  /** The directory of the connector's sockets. Default: aioc searches the default directories. */
  readonly connectorFilesDirpath?: string;
}

export interface ConnectorApiOptions extends ConnectorAddress {
  /** Message types that the program may send. Others fail with AIOC_TYPE_UNKNOWN. Default: all. */
  readonly sendMessageTypes?: readonly string[];
  /** Message types that the program may listen to. Others fail with AIOC_TYPE_UNKNOWN. Default: all. */
  readonly recvMessageTypes?: readonly string[];
  /**
   * true (default): send over one lasting connection. false: open a connection for each message. The connector must use the
   * same setting.
   */
  readonly udsPathSendPreserveSocket?: boolean;
  /** No effect: a listener works with either setting of the connector. */
  readonly udsPathReceivePreserveSocket?: boolean;
  /** Files of this size in bytes or larger are sent in chunks of this size. Default: LIMITS.chunkUploadBytes. */
  readonly maxSizeChunkUpload?: number;
  /** For a listener that runs as root: accept messages from connectors of other users. Default: true. */
  readonly receiveFromAnyConnectorOwner?: boolean;
}

/** Clock and randomness, replaceable in tests. */
export interface ApiPorts {
  readonly clock: Clock;
  readonly random: Randomness;
}

export function realApiPorts(): ApiPorts {
  return { clock: realClock(), random: realRandomness() };
}

/** @throws AiocError AIOC_NAME_BAD for a missing or invalid name or address */
export function ownerOf({ isServer = false, clientName, serverSockaddr }: ConnectorAddress): ConnectorOwner {
  if (!isServer) {
    if (clientName === undefined) {
      throw new AiocError(
        'AIOC_NAME_BAD',
        'clientName is missing: set it to the name of the client connector',
      );
    }
    return { role: 'client', name: checkClientName(clientName) };
  }
  const [host, port] = serverSockaddr ?? [];
  if (typeof host !== 'string' || host === '' || !isPort(port)) {
    throw new AiocError(
      'AIOC_NAME_BAD',
      'serverSockaddr is missing or invalid: set it to the [address, port] of the server connector',
    );
  }
  return { role: 'server', host, port };
}

/** The connector of an entry in active_connectors.json. */
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
 * Reads options from a configuration: the path of a JSON file, or its contents. Programs can use the connector's file.
 *
 * @throws AiocError AIOC_CONFIG with every fault in a key that programs use, and every unknown key that is a fault
 */
export async function apiOptionsFromConfig(
  source: string | Readonly<Record<string, unknown>>,
): Promise<ConnectorApiOptions> {
  const values = typeof source === 'string' ? await readConfigFile(source) : source;
  // Faults in keys that only the connector uses do not matter here.
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
    // If no directory is set, aioc searches the default ones.
    ...(ours['connector_files_dirpath'] != null && { connectorFilesDirpath: config.connector_files_dirpath }),
    sendMessageTypes: config.send_message_types,
    recvMessageTypes: config.recv_message_types,
    udsPathSendPreserveSocket: config.uds_path_send_preserve_socket,
    udsPathReceivePreserveSocket: config.uds_path_receive_preserve_socket,
    maxSizeChunkUpload: config.max_size_chunk_upload,
    receiveFromAnyConnectorOwner: config.receive_from_any_connector_owner,
  };
}
