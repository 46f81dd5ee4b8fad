import { AiocError } from '../base/errors.ts';
import { type ParsedConfig, parseConfig } from '../config/parse-config.ts';

/** Where received files of one type go. */
export interface FileDestinationOptions {
  /** May have placeholders like `{source_id}`, filled in from the message's header. */
  readonly targetDirectory: string;
  /** Whether a file of the same name is replaced; else the new one is refused. Default: false. */
  readonly overrideExisting?: boolean;
}

/**
 * What a connector is. These are the keys of Python's configuration files in camelCase; errors (AIOC_CONFIG) name a key
 * as it is in the files. Relative paths are relative to the working directory.
 */
export interface ConnectorManagerOptions {
  /** Whether the connector listens for clients (true) or is a client of a server (false). */
  readonly isServer: boolean;
  /** Where a server listens and which server a client calls; a client must say it. Default: ['127.0.0.1', 10673]. */
  readonly serverSockaddr?: readonly [host: string, port: number];
  /** A client's name: 1 to 128 letters, digits, `-`, `_` or `:`. One is made up when absent; see `clientName`. */
  readonly clientName?: string;
  /** The own address from which a client calls. Default: the system's choice. */
  readonly clientBindIp?: string;
  /** The message types that programs may send. Default: ['any']. */
  readonly sendMessageTypes?: readonly string[];
  /** The message types that are taken from peers, each for one listener. Default: ['any']. */
  readonly recvMessageTypes?: readonly string[];
  /** Whether connections are encrypted. Default: true. */
  readonly useSsl?: boolean;
  /** Whether anybody is let in, whatever certificate it shows. Default: false, which is mutual TLS. */
  readonly sslAllowAll?: boolean;
  /** Holds `certificates`, as createCertificates makes it. Default: connectorFilesDirpath. */
  readonly certificatesDirectoryPath?: string;
  /** How many certificates a server issues at most, 1 to 1,000,000. Default: 1024. */
  readonly maxCerts?: number;
  /** Holds the connector's sockets, by which programs find it. Default: '/tmp/aioconnectors'. */
  readonly connectorFilesDirpath?: string;
  /** Holds the log, `aioconnectors.log`. Default: connectorFilesDirpath. */
  readonly defaultLoggerDirpath?: string;
  /** The least important lines that are logged. Default: 'INFO'. */
  readonly defaultLoggerLogLevel?: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';
  /** Whether a new log file is begun at 64 MiB (true), at that many bytes, or never (false). Default: true. */
  readonly defaultLoggerRotate?: boolean | number;
  /** How many full log files are kept, 0 to 10,000. Default: 5. */
  readonly defaultLoggerBkCount?: number;
  /** Whether the log goes to its file only, and not to the standard output, too. Default: true. */
  readonly silent?: boolean;
  /** Drops new messages to and from all peers (true) or those that are named. Default: false. */
  readonly ignorePeerTraffic?: boolean | string | readonly string[];
  /** Seconds within which a client's connection must be made before it tries again. Default: 10. */
  readonly connectTimeout?: number;
  /** Whether a client connects again by itself after a connection was lost. Default: true. */
  readonly enableClientTryReconnect?: boolean;
  /** Whether the connector keeps its connection to a listener, or makes one for each message. Default: true. */
  readonly udsPathReceivePreserveSocket?: boolean;
  /** Whether programs keep their connection to the connector, or make one for each message. Default: true. */
  readonly udsPathSendPreserveSocket?: boolean;
  /** Which messages to peers are stored on disk until they have arrived: all, none, or some types. Default: true. */
  readonly diskPersistenceSend?: boolean | readonly string[];
  /** Which messages from peers are stored until their listener has them: all, none, or some types. Default: true. */
  readonly diskPersistenceRecv?: boolean | readonly string[];
  /** How many bytes each stored queue may hold, at least 1. Default: 1,073,741,824. */
  readonly maxSizePersistencePath?: number;
  /** What becomes of a message to a peer when its queue is full. Default: 'refuse', and `send` rejects. */
  readonly whenFull?: 'refuse' | 'drop_oldest' | 'drop_newest';
  /** When a message counts as stored: see source/OPERATIONS.md. Default: 'batch'. */
  readonly durability?: 'batch' | 'always' | 'os';
  /** Where stored messages lie. Default: connectorFilesDirpath. */
  readonly journalDirectory?: string;
  /** Where received files go, by their type. Files of other types are refused. */
  readonly fileRecvConfig?: Readonly<Record<string, FileDestinationOptions>>;
  /** Bytes beyond which a file is not sent. Default: 8,589,930,194. */
  readonly maxSizeFileUploadSend?: number;
  /** Bytes beyond which a file is not taken. Default: 8,589,930,194. */
  readonly maxSizeFileUploadRecv?: number;
}

/**
 * Options in the keys of configuration files.
 *
 * @throws AiocError AIOC_CONFIG for an option that is spelled like a key of a file
 */
export function keysOfOptions(options: object): Readonly<Record<string, unknown>> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const wrong = given.find(([name]) => name.includes('_'))?.[0];
  if (wrong !== undefined) {
    throw new AiocError(
      'AIOC_CONFIG',
      `options are written in camelCase, and ${wrong} is not: give keys of configuration files to ConnectorManager.fromConfig`,
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

/** The one option that has options of its own. */
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
