/** The engine's public face: everything that the ways in (source/) may use of it. */
import type { Disk } from './base/disk.ts';
import { realDisk } from './base/real-disk.ts';
import { realClock, realRandomness } from './base/real-ports.ts';
import type { ConnectorConfig } from './config/keys.ts';
import { restrictForAttach } from './connector/attach-restrictions.ts';
import { Connector } from './connector/connector.ts';
import type { ConnectorOptions } from './connector/connector-options.ts';
import { EngineService } from './connector/engine-service.ts';
import { type FromConfigOptions, optionsFromConfig } from './connector/options-from-config.ts';
import type { EngineApi } from './contract/engine-api.ts';
import type { ConnectorCommands } from './local/connector-commands.ts';
import { realNetwork } from './peers/network.ts';
import {
  type CreatedCertificates,
  createCertificates as createTree,
} from './security/create-certificates.ts';
import { fingerprintWords } from './security/fingerprint.ts';
import { loadOrMakeIdentity } from './security/identity.ts';
import { type RepairReport, repairCertificates as repair } from './security/repair-certificates.ts';
import { type Inspection, inspectJournal as inspect } from './storage/journal/inspect.ts';
import { Journal } from './storage/journal/journal.ts';
import type { JournalOptions } from './storage/journal/journal-options.ts';

export {
  apiOptionsFromConfig,
  type ConnectorAddress,
  type ConnectorApiOptions,
  connectorOfEntry,
} from './api/api-options.ts';
export { type AttachedEngine, attach, attachAt } from './api/attach.ts';
export { type AttachableConnector, attachableConnectors } from './api/attachable-connectors.ts';
export type { ConnectedPeers, IgnoredPeers, QueueCounts } from './api/command-answers.ts';
export {
  ConnectorAPI,
  type ListenOptions,
  type RequestOptions,
} from './api/connector-api.ts';
export { readSnapshot } from './api/connector-snapshot.ts';
export { connectorsIn, type FoundConnector } from './api/found-connectors.ts';
export { UNFINISHED } from './api/listener.ts';
export type { Listener, ListenerMessage, MessageHandler, ReplyOptions } from './api/listener-message.ts';
export type { FileToSend, OutgoingMessage, SendOptions } from './api/message-frame.ts';
export type { ReceivedMessage } from './api/received-message.ts';
export {
  type CallOptions,
  type ClientMatch,
  ConnectorRemoteTool,
  type RestartOptions,
  type StopOptions,
} from './api/remote-tool.ts';
export { hostAndPort, readHost, scopeFault } from './base/addresses.ts';
export { replaceDurably } from './base/atomic-file.ts';
export { AiocError, ERROR_CODES, type ErrorCode, systemCode, toAiocError } from './base/errors.ts';
export { homeDirectory } from './base/home.ts';
export { LIMITS } from './base/limits.ts';
export { isForeign, userIn } from './base/own-directory.ts';
export { realClock, realRandomness } from './base/real-ports.ts';
export { SerialQueue } from './base/serial-queue.ts';
export { withClientName } from './config/client-name.ts';
export { ConfigFile } from './config/config-file.ts';
export { findJsonFault } from './config/json-fault.ts';
export type { ConfigRole } from './config/key-spec.ts';
export { type ConnectorConfig, configKeys } from './config/keys.ts';
export { USUAL_CONNECTOR_DIRECTORIES } from './config/keys-directories.ts';
export { loadConfig, readConfigFile } from './config/load-config.ts';
export { type ParsedConfig, parseConfig } from './config/parse-config.ts';
export { roleOfConfig } from './config/role-of-config.ts';
export { templates as configTemplates } from './config/templates.ts';
export { afterDeletingClient, afterDeletingOwn } from './connector/certificate-advice.ts';
export type { LogLine } from './connector/connector-options.ts';
export { ensureDirectories } from './connector/directories-of-config.ts';
export { settleDirectories } from './connector/installed-directories.ts';
export { connectEngine, serveEngine } from './contract/engine-rpc.ts';
export { meantPath } from './files/lossy-path.ts';
export { shownName } from './files/safe-name.ts';
export { socketsOfConfig } from './local/sockets-of-config.ts';
export type { PeerChange } from './peers/traffic-observers.ts';
export { exactInteger, spelledIn } from './protocol/header.ts';
export { decodeRecord, type MessageParts } from './queues/message-record.ts';
export type { CreatedCertificates } from './security/create-certificates.ts';
export type { InspectedStream, Inspection } from './storage/journal/inspect.ts';
export { type DamageReport, lossOf } from './storage/journal/report.ts';
export type { StoredRecord } from './storage/store.ts';

/** The name that every chat client has on the wire: a Python server sends to no other (PROTOCOL §10). */
const CHAT_CLIENT = 'chat_client';

export interface ChatEngineOptions {
  readonly role: 'server' | 'client';
  /** A server: the address to listen on. A client: the server to call. */
  readonly host: string;
  /** 1 to 65535; 0 lets the system choose a server's. */
  readonly port: number;
  readonly displayName: string;
  readonly version: string;
  readonly useTls: boolean;
  /** Lets everybody in without asking. */
  readonly acceptAll: boolean;
  /** Holds this side's key and certificate. */
  readonly stateDirectory: string;
  readonly receivedDirectory: string;
  /** Stops the clock that people read, so that screens can be compared. */
  readonly fixedWallMs?: number;
}

export interface Engine {
  readonly engine: EngineApi;
  /** A client's server, by the id that commands use. */
  readonly serverPeer: string | undefined;
  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING */
  start(): Promise<void>;
  /** @param options `hard` does not wait until queues are empty */
  stop(options?: { readonly hard: boolean }): Promise<void>;
  /** Stops all but the ear for commands; what waits to be sent is kept for the next start. */
  pause(options: { readonly hard: boolean }): Promise<void>;
  readonly control: ConnectorCommands;
}

/**
 * Makes the chat's engine, which has not started yet, so that a screen can watch it start.
 *
 * @throws AiocError AIOC_STATE_DIRECTORY when the identity can be neither read nor made
 */
export async function createChatEngine(options: ChatEngineOptions): Promise<Engine> {
  const { stateDirectory, displayName, useTls, fixedWallMs, ...rest } = options;
  const clock = realClock(fixedWallMs);
  const random = realRandomness();
  // The certificate's dates are the machine's own, whatever the screen shows.
  const making = {
    directory: stateDirectory,
    commonName: displayName,
    wallNowMs: realClock().wallNow(),
    random,
  };
  return engineOf({
    ...rest,
    displayName,
    stateDirectory,
    wireName: CHAT_CLIENT,
    security: useTls ? { mode: 'tls-allow-all', tls: await loadOrMakeIdentity(making) } : { mode: 'plain' },
    namesAreIdentities: false,
    ignored: false,
    reconnects: true,
    fingerprintWords,
    ports: { clock, random, network: realNetwork(), disk: realDisk() },
  });
}

export type ConnectorEngineOptions = Omit<FromConfigOptions, 'ports'> & {
  readonly config: ConnectorConfig;
  readonly fixedWallMs?: number;
  /** What its journal lies on; absent: the machine's own disk. */
  readonly disk?: Disk;
};

/**
 * Makes a connector out of a configuration; it has not started yet.
 *
 * @throws AiocError AIOC_CERTIFICATES, AIOC_STATE_DIRECTORY, AIOC_SOCKET_PATH
 */
export async function createConnectorEngine({
  fixedWallMs,
  disk = realDisk(),
  ...options
}: ConnectorEngineOptions): Promise<Engine> {
  const ports = {
    clock: realClock(fixedWallMs),
    random: realRandomness(),
    network: realNetwork(),
    disk,
  };
  return engineOf(await optionsFromConfig({ ...options, ports }));
}

function engineOf(options: ConnectorOptions): Engine {
  const connector = new Connector(options);
  const engine = new EngineService(connector);
  connector.local?.serveAttach(restrictForAttach(engine));
  return {
    engine,
    serverPeer: connector.server?.id,
    start: () => connector.start(),
    stop: (how) => connector.stop(how),
    pause: (how) => connector.pause(how),
    control: connector.control,
  };
}

/**
 * Makes a certificates directory for a server and its clients (PROTOCOL §5).
 *
 * @throws AiocError AIOC_CERTIFICATES, also when there is one already
 */
export function createCertificates(directory: string): Promise<CreatedCertificates> {
  return createTree(directory, { random: realRandomness(), wallNowMs: realClock().wallNow() });
}

/**
 * Puts a certificates directory right that was copied without its links, or with other modes.
 *
 * @throws AiocError AIOC_CERTIFICATES
 */
export function repairCertificates(
  directory: string,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<RepairReport> {
  return repair({ directory, isDryRun, random: realRandomness(), clock: realClock() });
}

/**
 * Reads through the journal of a connector that does not run, and changes nothing.
 *
 * @throws AiocError AIOC_JOURNAL_IN_USE, AIOC_JOURNAL, AIOC_DISK
 */
export function inspectJournal(directory: string): Promise<Inspection> {
  return inspect(realDisk(), directory);
}

/**
 * Opens the journal of a directory of this machine.
 *
 * @throws AiocError AIOC_JOURNAL_IN_USE, AIOC_JOURNAL, AIOC_DISK_FULL, AIOC_DISK
 */
export function openJournal(options: Omit<JournalOptions, 'disk' | 'clock' | 'random'>): Promise<Journal> {
  return Journal.open({ ...options, disk: realDisk(), clock: realClock(), random: realRandomness() });
}
