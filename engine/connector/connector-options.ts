import type { Ports, TlsSettings, TlsVersion } from '../base/ports.ts';
import type { ExecOptions } from '../chat/peer-commands.ts';
import type { Durability, FileSpool, PythonListener } from '../config/shapes.ts';
import type { FileDestination } from '../files/file-destinations.ts';
import type { FileQuota } from '../files/peer-quotas.ts';
import type { InviteOptions, MadeInvitation } from '../local/connector-commands.ts';
import { type ConnectorOwner, ownerId } from '../local/socket-names.ts';
import type { LogLine } from '../log-files/log-file.ts';
import type { HeartbeatRules } from '../peers/heartbeat.ts';
import type { PeerChange } from '../peers/traffic-observers.ts';
import type { ClientTrust, ServerTrust } from '../peers/trust.ts';
import type { PersistenceRules } from '../queues/queue-rules.ts';
import { QueueRules } from '../queues/queue-rules.ts';
import type { AccessLists } from '../security/access-list.ts';
import type { CertificateUses } from '../security/certificate-uses.ts';
import type { BlockedContext } from './blocked.ts';

/** How connections are secured. */
export type ConnectorSecurity =
  | { readonly mode: 'plain' }
  /** Every client may connect; users compare fingerprints. A client may have no certificate: no Python client has. */
  | { readonly mode: 'tls-allow-all'; readonly tls: TlsSettings & { readonly words: string } }
  | {
      readonly mode: 'mutual-tls';
      /** The certificate of a server; that of a client comes from its trust. */
      readonly tls?: TlsSettings & { readonly words: string; readonly notAfterMs?: number };
      readonly server?: ServerTrust & ClientCertificateStore;
      readonly client?: ClientTrust & OwnCertificateStore;
    };

/** Decides which clients a server trusts: see ServerInvitations. */
interface ClientCertificateStore {
  /** @throws AiocError AIOC_CERTIFICATE_MISSING */
  remove(name: string, options: { readonly onlySymlink: boolean }): Promise<void>;
  invite(options: InviteOptions): Promise<MadeInvitation>;
  /** When clients were last connected with their certificates. */
  readonly uses?: CertificateUses;
}

/** Deletes the client's own certificate, so that it uses the default one again. */
interface OwnCertificateStore {
  remove(): Promise<void>;
}

/** The sockets and directories for local programs. */
export interface LocalOptions {
  readonly connectorFilesDirectory: string;
  readonly sendTypes: readonly string[];
  readonly recvTypes: readonly string[];
  readonly destinations: ReadonlyMap<string, FileDestination>;
  readonly receiveFileMaxBytes: number;
  readonly sendFileMaxBytes: number;
  /** Towards Python, larger files go in pieces of this size. */
  readonly filePieceMaxBytes: number;
  readonly fileSpool: FileSpool;
  /** Of each peer; null: the default for its kind. */
  readonly fileQuota?: { readonly [Key in keyof FileQuota]: FileQuota[Key] | null };
  readonly preserveReceiveSocket: boolean;
  readonly preserveSendSocket: boolean;
  /** Whether messages that a Python listener may have lost when it ended are redelivered. */
  readonly pythonListener: PythonListener;
  /** Whether programs of the user nobody and its group may send: only as root, and if the configuration allows it. */
  readonly everybodyCanSend: boolean;
  /** Whether message counts are logged every two minutes. */
  readonly countsMessages: boolean;
  readonly storage: StorageOptions;
  /** For simulations without unix sockets, which use the broker directly. */
  readonly withoutSockets?: true;
  /** The default directories of local programs; the start warns about a connector in another one. */
  readonly usualDirectories: readonly string[];
  /** Values by configuration key, for `show_attribute`. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /**
   * Saves a changed key in the configuration file; absent without a file.
   *
   * @throws AiocError AIOC_CONFIG if that fails
   */
  readonly saveKey?: ((key: string, value: unknown) => Promise<void>) | undefined;
  /** The path of the configuration file; absent without one. */
  readonly configFile?: string | undefined;
  /** Called when a command asks the program to exit. */
  readonly onShutdown: () => void;
  readonly logLevel: LogLevelSetting;
}

/** Which queues are stored on disk, and where. */
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
  /** On a server: the address to listen on. On a client: the server's address. */
  readonly host: string;
  readonly port: number;
  /** The name of a client on the wire. */
  readonly wireName: string;
  /** The display name for aioc peers. */
  readonly displayName: string;
  readonly version: string;
  readonly security: ConnectorSecurity;
  /** The oldest version of TLS that is accepted. Default: 1.2. */
  readonly tlsMinVersion?: TlsVersion;
  /** Whether a name identifies one peer (configured connectors), or several peers may share it (chat). */
  readonly namesAreIdentities: boolean;
  readonly fingerprintWords: (fingerprint: string) => string;
  readonly acceptAll: boolean;
  /** On a server: whether a client with the name of a connected one is refused. */
  readonly refusesDuplicates?: boolean;
  /** On a server: the access lists. Default: every client may connect. */
  readonly access?: AccessLists;
  readonly ignored: boolean | readonly string[];
  readonly receivedDirectory: string;
  /** The directory for known peers and unfinished files. */
  readonly stateDirectory: string;
  /** The local address or network interface that a client dials from. */
  readonly bindTo?: string;
  /** The file of the machines that the chat knows. Absent: they are known in this run only, and servers are not. */
  readonly knownMachinesFile?: string;
  /** Where the chat keeps conversations, and lines that wait, for the next start. Absent: nowhere. */
  readonly conversationsDirectory?: string;
  /** Whether a client reconnects after it has lost its server. */
  readonly reconnects: boolean;
  readonly dialTimeoutMs?: number;
  /** The heartbeat. Default: that between aioc peers. */
  readonly heartbeat?: HeartbeatRules;
  /** Maximum bytes of data and binary of a message. Default: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  /** Maximum bytes of messages in memory. Default: LIMITS.memoryBudgetBytes. */
  readonly heldMaxBytes?: number;
  /** Absent for the chat, which has no local programs. */
  readonly local?: LocalOptions;
  /** Only for the chat: commands of peers, each after a yes. Absent: peers run nothing. */
  readonly exec?: ExecOptions;
  readonly ports: Ports;
  /** Called for each log line, to write it to a file. */
  readonly onLogLine?: (line: LogLine) => void;
  /** Called when a peer connects or disconnects. */
  readonly onPeerChange?: (change: PeerChange) => void;
}

/** The identity of a connector for local programs. */
export function fileOwnerOf({ role, host, port, wireName }: ConnectorOptions): ConnectorOwner {
  return role === 'server' ? { role, host, port } : { role, name: wireName };
}

/** What the reasons of blocked queues name. */
export function blockedContext(options: ConnectorOptions): BlockedContext {
  const { role, local } = options;
  return { role, connector: local?.configFile ?? ownerId(fileOwnerOf(options)).replace(' ', ':') };
}

/** The directory whose disk fills first: that of the journal, or without one that of received files. */
export function busiestDirectory({ local, receivedDirectory }: ConnectorOptions): string {
  const isStoring = local !== undefined && new QueueRules(local.storage).storesAny;
  return isStoring ? local.storage.journalDirectory : receivedDirectory;
}
