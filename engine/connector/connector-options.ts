import type { Ports, TlsSettings } from '../base/ports.ts';
import type { Durability, PythonListener } from '../config/shapes.ts';
import type { FileDestination } from '../files/file-destinations.ts';
import type { ConnectorOwner } from '../local/socket-names.ts';
import type { LogLine } from '../log-files/log-file.ts';
import type { HeartbeatRules } from '../peers/heartbeat.ts';
import type { PeerChange } from '../peers/traffic-observers.ts';
import type { ClientTrust, ServerTrust } from '../peers/trust.ts';
import type { PersistenceRules } from '../queues/queue-rules.ts';
import type { AccessLists } from '../security/access-list.ts';

/** How the connector speaks to its peers, and what it shows them. */
export type ConnectorSecurity =
  | { readonly mode: 'plain' }
  /** Anybody may connect; who it is, people compare. A client may have nothing to show (as every Python client). */
  | { readonly mode: 'tls-allow-all'; readonly tls: TlsSettings & { readonly words: string } }
  | {
      readonly mode: 'mutual-tls';
      /** A server's own certificate; a client's comes from its trust. */
      readonly tls?: TlsSettings & { readonly words: string };
      readonly server?: ServerTrust & ClientCertificateStore;
      readonly client?: ClientTrust & OwnCertificateStore;
    };

/** Ends the trust in a client's certificate. */
interface ClientCertificateStore {
  /** @throws AiocError AIOC_CERTIFICATE_MISSING */
  remove(name: string, options: { readonly onlySymlink: boolean }): Promise<void>;
}

/** Ends a client's use of its own certificate: it goes back to the default one. */
interface OwnCertificateStore {
  remove(): Promise<void>;
}

/** What programs of this machine get: Python's three unix sockets, and files in their places. */
export interface LocalOptions {
  readonly connectorFilesDirectory: string;
  readonly sendTypes: readonly string[];
  readonly recvTypes: readonly string[];
  readonly destinations: ReadonlyMap<string, FileDestination>;
  readonly receiveFileMaxBytes: number;
  readonly sendFileMaxBytes: number;
  readonly preserveReceiveSocket: boolean;
  readonly preserveSendSocket: boolean;
  /** Whether what a listener on Python's socket may have lost with its end comes again. */
  readonly pythonListener: PythonListener;
  /** Programs of every user of this machine may send: as root, where the configuration says so. */
  readonly everybodyCanSend: boolean;
  /** Whether the numbers of messages are logged every two minutes. */
  readonly countsMessages: boolean;
  readonly storage: StorageOptions;
  /** For a simulation, which has no unix sockets: whoever made the connector speaks to its mailroom. */
  readonly withoutSockets?: true;
  /** Where programs look for a connector when they are not told; a start warns of who is in the others. */
  readonly usualDirectories: readonly string[];
  /** Values by the configuration's keys, for `show_attribute`. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /**
   * Writes what a command has changed into the configuration, by its key; absent where there is no configuration file.
   *
   * @throws AiocError AIOC_CONFIG when that fails
   */
  readonly saveKey?: ((key: string, value: unknown) => Promise<void>) | undefined;
  /** Told when a command asks the whole program to end. */
  readonly onShutdown: () => void;
  readonly logLevel: LogLevelSetting;
}

/** What of the queues outlives the program, and where it lies. */
export interface StorageOptions extends PersistenceRules {
  readonly durability: Durability;
  readonly journalDirectory: string;
}

interface LogLevelSetting {
  get(): string;
  set(level: string): void;
}

export interface ConnectorOptions {
  readonly role: 'server' | 'client';
  /** A server: the address to listen on. A client: the server to call. */
  readonly host: string;
  readonly port: number;
  /** A client's name on the wire. */
  readonly wireName: string;
  /** What aioc peers are shown as our name. */
  readonly displayName: string;
  readonly version: string;
  readonly security: ConnectorSecurity;
  /** Whether a name is one peer (configured connectors), or may be several (the chat). */
  readonly namesAreIdentities: boolean;
  readonly fingerprintWords: (fingerprint: string) => string;
  readonly acceptAll: boolean;
  /** Of a server: whether a client that comes under the name of a connected one is refused. */
  readonly refusesDuplicates?: boolean;
  /** Of a server: whom it takes. Absent: everybody. */
  readonly access?: AccessLists;
  readonly ignored: boolean | readonly string[];
  readonly receivedDirectory: string;
  /** Holds what this side must find again, and what it is in the middle of. */
  readonly stateDirectory: string;
  /** The own address, or the network interface, from which a client calls. */
  readonly bindTo?: string;
  /** Whether a client calls again after it has lost its server. */
  readonly reconnects: boolean;
  readonly dialTimeoutMs?: number;
  /** When a connection on which nothing arrives is given up; absent: as is usual between aioc peers. */
  readonly heartbeat?: HeartbeatRules;
  /** Data and binary of one message that it takes from programs and peers. Absent: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  /** What it holds of messages in memory, at most. Absent: LIMITS.memoryBudgetBytes. */
  readonly heldMaxBytes?: number;
  /** Absent: only the chat receives. */
  readonly local?: LocalOptions;
  readonly ports: Ports;
  /** Sees each line of the log as it is written; for a file. */
  readonly onLogLine?: (line: LogLine) => void;
  /** Told when a peer has connected and when its connection is over. */
  readonly onPeerChange?: (change: PeerChange) => void;
}

/** Who a connector is to the programs of its own machine. */
export function fileOwnerOf({ role, host, port, wireName }: ConnectorOptions): ConnectorOwner {
  return role === 'server' ? { role, host, port } : { role, name: wireName };
}
