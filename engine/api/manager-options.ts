import { AiocError } from '../base/errors.ts';
import { type ParsedConfig, parseConfig } from '../config/parse-config.ts';

/** The destination of received files of one type. */
export interface FileDestinationOptions {
  /** May contain placeholders such as `{source_id}`, which the message's header fills in. */
  readonly targetDirectory: string;
  /** Replaces a file of the same name; otherwise the new file is refused. Default: false. */
  readonly overrideExisting?: boolean;
}

/**
 * The options of a connector: the keys of configuration files in camelCase. Errors (AIOC_CONFIG) name a key as it is in
 * the files. Relative paths are relative to the working directory.
 */
export interface ConnectorManagerOptions {
  /** Listens for clients (true), or is a client of a server (false). */
  readonly isServer: boolean;
  /** The address that a server listens on or that a client connects to; required for a client. Default: ['127.0.0.1', 10673]. */
  readonly serverSockaddr?: readonly [host: string, port: number];
  /** A client's name: 1 to 128 letters, digits, `-`, `_` or `:`. Default: a generated name; see `clientName`. */
  readonly clientName?: string;
  /** Local address that a client connects from. Default: the system's choice. */
  readonly clientBindIp?: string;
  /** The message types that programs may send. Default: ['any']. */
  readonly sendMessageTypes?: readonly string[];
  /** The message types that are accepted from peers, with one listener each. Default: ['any']. */
  readonly recvMessageTypes?: readonly string[];
  /** Encrypts connections. Default: true. */
  readonly useSsl?: boolean;
  /** Accepts every client, with any certificate. Default: false, which is mutual TLS. */
  readonly sslAllowAll?: boolean;
  /** The directory that contains `certificates`, as createCertificates creates it. Default: connectorFilesDirpath. */
  readonly certificatesDirectoryPath?: string;
  /** Maximum number of client certificates a server issues, 1 to 1,000,000. Default: 1024. */
  readonly maxCerts?: number;
  /** The directory of the connector's sockets, where programs find it. Default: '/tmp/aioconnectors'. */
  readonly connectorFilesDirpath?: string;
  /** The directory of the log, `aioconnectors.log`. Default: connectorFilesDirpath. */
  readonly defaultLoggerDirpath?: string;
  /** Less important lines are not logged. Default: 'INFO'. */
  readonly defaultLoggerLogLevel?: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';
  /** Rotates the log at 64 MiB (true), at that many bytes, or never (false). Default: true. */
  readonly defaultLoggerRotate?: boolean | number;
  /** Number of rotated log files to keep, 0 to 10,000. Default: 5. */
  readonly defaultLoggerBkCount?: number;
  /** Logs to the file only; false: also to the standard output. Default: true. */
  readonly silent?: boolean;
  /** Drops new messages to and from all peers (true) or the named ones. Default: false. */
  readonly ignorePeerTraffic?: boolean | string | readonly string[];
  /** Seconds that a client waits for a connection before it retries. Default: 10. */
  readonly connectTimeout?: number;
  /** Makes a client reconnect automatically. Default: true. */
  readonly enableClientTryReconnect?: boolean;
  /** Keeps one connection to a listener instead of one per message. Default: true. */
  readonly udsPathReceivePreserveSocket?: boolean;
  /** Programs keep one connection to the connector instead of one per message. Default: true. */
  readonly udsPathSendPreserveSocket?: boolean;
  /** Stores messages to peers on disk until they are acknowledged: all, none, or some types. Default: true. */
  readonly diskPersistenceSend?: boolean | readonly string[];
  /** Stores messages from peers until their listener is done: all, none, or some types. Default: true. */
  readonly diskPersistenceRecv?: boolean | readonly string[];
  /** Maximum bytes of each stored queue, at least 1. Default: 1,073,741,824. */
  readonly maxSizePersistencePath?: number;
  /** What happens to a message when the peer's queue is full. Default: 'refuse', which makes `send` reject. */
  readonly whenFull?: 'refuse' | 'drop_oldest' | 'drop_newest';
  /** When a message counts as stored: see source/OPERATIONS.md. Default: 'batch'. */
  readonly durability?: 'batch' | 'always' | 'os';
  /** The directory of stored messages. Default: connectorFilesDirpath. */
  readonly journalDirectory?: string;
  /** The destination of received files, by their type. Files of other types are refused. */
  readonly fileRecvConfig?: Readonly<Record<string, FileDestinationOptions>>;
  /** Maximum bytes of a file to send. Default: 8,589,930,194. */
  readonly maxSizeFileUploadSend?: number;
  /** Maximum bytes of a file to accept. Default: 8,589,930,194. */
  readonly maxSizeFileUploadRecv?: number;
}

/**
 * Converts options to the keys of configuration files.
 *
 * @throws AiocError AIOC_CONFIG for an option spelled like a key of a file
 */
export function keysOfOptions(options: object): Readonly<Record<string, unknown>> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const wrong = given.find(([name]) => name.includes('_'))?.[0];
  if (wrong !== undefined) {
    throw new AiocError(
      'AIOC_CONFIG',
      `option ${wrong} is not in camelCase: use ConnectorManager.fromConfig for keys of configuration files`,
    );
  }
  return Object.fromEntries(given.map(([name, value]) => [snakeCase(name), keysOfValue(name, value)]));
}

/** @throws AiocError AIOC_CONFIG */
export function parseOptions(options: ConnectorManagerOptions): ParsedConfig {
  if (options.isServer === undefined) {
    throw new AiocError('AIOC_CONFIG', 'isServer is missing: true for a server, false for a client');
  }
  return parseConfig(keysOfOptions(options), {
    source: 'options',
    role: 'manager',
    isAllFromProgram: true,
  });
}

/** Converts the one option that contains options. */
function keysOfValue(name: string, value: unknown): unknown {
  if (name !== 'fileRecvConfig' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([type, destination]) => [
      type,
      typeof destination === 'object' && destination !== null ? keysOfOptions(destination) : destination,
    ]),
  );
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
