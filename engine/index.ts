/**
 * The engine's public face: everything that the entry points (source/) may use of it, besides `contract` and `base`. What imports it
 * loads the whole engine.
 */
import type { Clock, Randomness } from './base/ports.ts';
import { realDisk } from './base/real-disk.ts';
import { realClock, realRandomness } from './base/real-ports.ts';
import type { StoredConversation } from './chat/kept/kept-conversations.ts';
import { forgetKeptConversation, keptConversationsIn } from './connector/forget-chat.ts';
import { type JoinedServer, type JoinOptions, joinServer } from './connector/join-server.ts';
import {
  type CertificateEntry,
  type ListOptions,
  listedCertificates,
} from './connector/listed-certificates.ts';
import { ServerInvitations } from './connector/server-invitations.ts';
import type { InviteOptions, MadeInvitation } from './local/connector-commands.ts';
import { realNetwork } from './peers/network.ts';
import {
  type CreatedCertificates,
  createCertificates as createTree,
} from './security/create-certificates.ts';
import { KnownMachines, knownMachinesPath } from './security/known-machines.ts';
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
  type ListenBatchesOptions,
  type ListenOptions,
  type RequestOptions,
} from './api/connector-api.ts';
export {
  ConnectorManager,
  type ConnectorManagerEvents,
  type ConnectorPeer,
  type StartConnectorOptions,
  type StopConnectorOptions,
} from './api/connector-manager.ts';
export { type ConnectorSnapshot, readSnapshot, snapshotOf } from './api/connector-snapshot.ts';
export { connectorsIn, type FoundConnector } from './api/found-connectors.ts';
export { UNFINISHED } from './api/listener.ts';
export type {
  BatchHandler,
  Listener,
  ListenerMessage,
  MessageHandler,
  ReplyOptions,
} from './api/listener-message.ts';
export type { ConnectorManagerOptions, FileDestinationOptions } from './api/manager-options.ts';
export type { FileBytes, FileToSend, OutgoingMessage, SendOptions, SomeFile } from './api/message-frame.ts';
export type { SendOutcome } from './api/outgoing-batch.ts';
export type { ReceivedMessage } from './api/received-message.ts';
export {
  type CallOptions,
  type ClientMatch,
  ConnectorRemoteTool,
  type RestartOptions,
  type StopOptions,
} from './api/remote-tool.ts';
export { type RefusedMessages, SendManyError } from './api/send-many.ts';
export { hostAndPort } from './base/addresses.ts';
export { replaceDurably } from './base/atomic-file.ts';
export { AiocError, ERROR_CODES, type ErrorCode, toAiocError } from './base/errors.ts';
export { homeDirectory } from './base/home.ts';
export { LIMITS } from './base/limits.ts';
export { realRandomness } from './base/real-ports.ts';
export { SerialQueue } from './base/serial-queue.ts';
export { VERSION } from './base/version.ts';
export type { StartPeerShell } from './chat/peer-commands.ts';
export { withClientName } from './config/client-name.ts';
export { ConfigFile } from './config/config-file.ts';
export { findJsonFault } from './config/json-fault.ts';
export type { ConfigRole } from './config/key-spec.ts';
export { type ConnectorConfig, configKeys } from './config/keys.ts';
export { USUAL_CONNECTOR_DIRECTORIES } from './config/keys-directories.ts';
export { loadConfig, readConfigFile } from './config/load-config.ts';
export { parseConfig } from './config/parse-config.ts';
export { roleOfConfig } from './config/role-of-config.ts';
export { templates as configTemplates } from './config/templates.ts';
export { defaultReceivedDirectory, placesOfConnector, stateDirectory } from './config/user-directories.ts';
export { afterDeletingClient, afterDeletingOwn } from './connector/certificate-advice.ts';
export {
  type ChatEngineOptions,
  type ConnectorEngineOptions,
  createChatEngine,
  createConnectorEngine,
  type Engine,
} from './connector/create-engine.ts';
export { settleDirectories } from './connector/installed-directories.ts';
export type { JoinedServer } from './connector/join-server.ts';
export type { CertificateEntry } from './connector/listed-certificates.ts';
export { openLog } from './connector/open-log.ts';
export { type AttachmentOptions, serveEngine } from './contract/engine-rpc.ts';
export type { PeekRow, QueuePeek } from './contract/queue-peek.ts';
export type { TransferRow } from './contract/views.ts';
export { meantPath } from './files/lossy-path.ts';
export { shownName } from './files/safe-name.ts';
export type { InviteOptions, MadeInvitation } from './local/connector-commands.ts';
export { socketsOfConfig } from './local/socket-names.ts';
export type { LogFile, LogLine } from './log-files/log-file.ts';
export { exactInteger, spelledIn } from './protocol/header.ts';
export { type StoredMessage, storedMessages } from './queues/stored-messages.ts';
export type { CreatedCertificates } from './security/create-certificates.ts';
export { fingerprintWords } from './security/fingerprint.ts';
export type { KnownMachine } from './security/known-machines.ts';
export type { InspectedStream, Inspection } from './storage/journal/inspect.ts';
export { type DamageReport, totalLost } from './storage/journal/report.ts';
export { lastPositionOf, type StoredBatch } from './storage/store.ts';

/** The machines that the chat of this state directory knows. */
export function knownMachines(directory: string): KnownMachines {
  const ports = { clock: realClock(), random: realRandomness() };
  return new KnownMachines({ ...ports, file: knownMachinesPath(directory) });
}

/** The conversations that the chats of this state directory have kept. @throws AiocError AIOC_STATE_DIRECTORY */
export function keptConversations(directory: string): Promise<readonly StoredConversation[]> {
  return keptConversationsIn(directory, { disk: realDisk() });
}

/** See forgetKeptConversation. */
export function forgetConversation(conversation: StoredConversation): Promise<boolean> {
  return forgetKeptConversation(conversation, { ...realPorts(), disk: realDisk() });
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

/** A server whose clients somebody manages while it does not run. */
export interface StoppedServer {
  /** certificates_directory_path */
  readonly directory: string;
  /** server_sockaddr */
  readonly host: string;
  readonly port: number;
  /** max_certs */
  readonly maxCertificates?: number | undefined;
}

/**
 * Makes a one-time invitation to a server for a new client. If the server runs, use ConnectorRemoteTool, which works for
 * other users too.
 *
 * @throws AiocError as ServerInvitations.invite
 */
export async function inviteClient(server: StoppedServer, options: InviteOptions): Promise<MadeInvitation> {
  return (await ServerInvitations.open({ ...server, ...realPorts() })).invite(options);
}

/**
 * Ends the trust in a client's certificate, and its invitation. A server that runs closes the connection only if
 * ConnectorRemoteTool tells it.
 *
 * @throws AiocError AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
 */
export async function revokeClient(server: StoppedServer, name: string): Promise<void> {
  await (await ServerInvitations.open({ ...server, ...realPorts() })).remove(name, { onlySymlink: false });
}

/** See listedCertificates. */
export function listCertificates(
  options: Omit<ListOptions, 'random' | 'clock'>,
): Promise<CertificateEntry[]> {
  return listedCertificates({ ...options, ...realPorts() });
}

/** See joinServer. */
export function joinByInvitation(options: Omit<JoinOptions, 'ports'>): Promise<JoinedServer> {
  return joinServer({ ...options, ports: { ...realPorts(), network: realNetwork() } });
}

function realPorts(): { readonly random: Randomness; readonly clock: Clock } {
  return { random: realRandomness(), clock: realClock() };
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
