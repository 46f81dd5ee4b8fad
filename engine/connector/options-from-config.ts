import { hostAndPort, scopeFault, scopeOf } from '../base/addresses.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Ports } from '../base/ports.ts';
import { withClientName } from '../config/client-name.ts';
import { allowsDefaultCertificate } from '../config/cross-checks.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import { USUAL_CONNECTOR_DIRECTORIES } from '../config/keys-directories.ts';
import type { FileDestination } from '../files/file-destinations.ts';
import { AccessLists } from '../security/access-list.ts';
import { ClientCertificates } from '../security/client-certificates.ts';
import { Enrolment } from '../security/enrolment.ts';
import { fingerprintWords } from '../security/fingerprint.ts';
import { loadOrMakeIdentity } from '../security/identity.ts';
import { Invitations } from '../security/invitations.ts';
import { ServerCertificates } from '../security/server-certificates.ts';
import { usableBindIp } from './bind-address.ts';
import type { ConnectorOptions, ConnectorSecurity, LocalOptions } from './connector-options.ts';
import { checkCertificates, ensureDirectories, everybodyCanSend } from './directories-of-config.ts';
import { clientTrust, serverTrust } from './directory-trust.ts';
import { ServerInvitations } from './server-invitations.ts';

export interface FromConfigOptions
  extends Pick<LocalOptions, 'saveKey' | 'configFile' | 'onShutdown' | 'logLevel'>,
    Pick<
      ConnectorOptions,
      'version' | 'stateDirectory' | 'receivedDirectory' | 'onLogLine' | 'onPeerChange'
    > {
  readonly config: ConnectorConfig;
  readonly ports: Ports;
  /** For tests. Default: the usual directories. */
  readonly usualDirectories?: readonly string[];
}

/**
 * Builds the options of a connector from its configuration and the directories in it.
 *
 * @throws AiocError AIOC_DIRECTORY, AIOC_CERTIFICATES for unusable directories; AIOC_CONFIG for a configuration
 * that cannot be used, a client_bind_ip that this machine does not have, or a server_sockaddr without its interface
 */
export async function optionsFromConfig(options: FromConfigOptions): Promise<ConnectorOptions> {
  const { ports, version, stateDirectory, receivedDirectory, onLogLine, onPeerChange } = options;
  const config = withClientName(options.config, ports.random.bytes);
  await ensureDirectories(config);
  const [host, port] = config.server_sockaddr;
  const wireName = config.client_name ?? '';
  const interfaces = ports.network.interfaces();
  // The interface may appear later, but a link-local address without one is never valid.
  const fault = scopeOf(host) === undefined ? scopeFault(host, interfaces) : undefined;
  if (fault !== undefined) throw new AiocError('AIOC_CONFIG', `server_sockaddr: ${fault}`);
  const role = config.is_server ? 'server' : 'client';
  return {
    role,
    host,
    port,
    wireName,
    displayName: role === 'server' ? hostAndPort(host, port) : wireName,
    version,
    security: await securityOf(config, wireName, options),
    tlsMinVersion: config.tls_min_version,
    namesAreIdentities: true,
    fingerprintWords,
    acceptAll: true,
    refusesDuplicates: config.duplicate_client === 'refuse',
    ...(config.is_server && { access: accessOf(config) }),
    ignored: config.ignore_peer_traffic,
    receivedDirectory,
    stateDirectory,
    ...(config.client_bind_ip !== null && {
      bindTo: usableBindIp(config.client_bind_ip, host, interfaces),
    }),
    reconnects: config.enable_client_try_reconnect,
    dialTimeoutMs: config.connect_timeout * 1000,
    ...heartbeatOf(config),
    messageMaxBytes: config.max_size_message ?? defaultMessageMaxBytes(config),
    local: localOf(options),
    ports,
    ...(onLogLine !== undefined && { onLogLine }),
    ...(onPeerChange !== undefined && { onPeerChange }),
  };
}

/** Where peers prove no identity, an attacker has as many connections as it likes. */
function defaultMessageMaxBytes({ use_ssl, ssl_allow_all }: ConnectorConfig): number {
  return use_ssl && !ssl_allow_all ? LIMITS.messageBytes : LIMITS.messageWithoutIdentityBytes;
}

function heartbeatOf(config: ConnectorConfig): Pick<ConnectorOptions, 'heartbeat'> {
  if (config.keep_alive_period === null) return {};
  const heartbeat = {
    periodMs: config.keep_alive_period * 1000,
    timeoutMs: config.keep_alive_timeout * 1000,
    unanswered: config.max_number_of_unanswered_keep_alive,
  };
  return { heartbeat };
}

async function securityOf(
  config: ConnectorConfig,
  name: string,
  { ports, stateDirectory, onLogLine }: FromConfigOptions,
): Promise<ConnectorSecurity> {
  const { clock, random } = ports;
  const wallNow = (): number => clock.wallNow();
  if (!config.use_ssl) return { mode: 'plain' };
  if (config.ssl_allow_all) {
    const commonName = config.is_server ? config.server_sockaddr.join(':') : name;
    const tls = await loadOrMakeIdentity({
      directory: stateDirectory,
      commonName,
      wallNowMs: wallNow(),
      random,
    });
    return { mode: 'tls-allow-all', tls };
  }
  const directory = config.certificates_directory_path;
  await checkCertificates(config);
  if (!config.is_server) {
    const isStrict = config.security === 'strict';
    const certificates = new ClientCertificates({ directory, name, random, wallNow, clock, isStrict });
    // Read once here, so that a missing directory is an error at start. A wrong clock is only a state.
    await certificates.load({ onAnyDay: true });
    const trust = clientTrust(certificates, wallNow);
    return {
      mode: 'mutual-tls',
      client: { ...trust, remove: () => certificates.remove().then(() => undefined) },
    };
  }
  const certificates = await ServerCertificates.open({
    directory,
    random,
    wallNow,
    clock,
    maxCertificates: config.max_certs,
    onTrouble: (text) => onLogLine?.({ level: 'WARNING', text }),
  });
  await certificates.uses.read();
  for (const text of certificates.repaired) onLogLine?.({ level: 'INFO', text });
  for (const text of certificates.warnings) onLogLine?.({ level: 'WARNING', text });
  const invitations = new Invitations({ directory, random, clock });
  const enrolment = new Enrolment({
    ...{ certificates, invitations, clock },
    terms: { days: LIMITS.certificateDays },
    allowsDefault: allowsDefaultCertificate(config),
  });
  const [host, port] = config.server_sockaddr;
  const clients = new ServerInvitations({ certificates, invitations, host, port });
  return {
    mode: 'mutual-tls',
    tls: await certificates.credentials(),
    server: {
      ...serverTrust(certificates, enrolment),
      uses: certificates.uses,
      remove: (client, how) => clients.remove(client, how),
      invite: (options) => clients.invite(options),
    },
  };
}

function accessOf(config: ConnectorConfig): AccessLists {
  return new AccessLists({
    whitelist: {
      names: config.whitelisted_clients_id ?? [],
      addresses: config.whitelisted_clients_ip ?? [],
      subnets: config.whitelisted_clients_subnet ?? [],
    },
    blacklist: {
      names: config.blacklisted_clients_id ?? [],
      addresses: config.blacklisted_clients_ip ?? [],
      subnets: config.blacklisted_clients_subnet ?? [],
    },
  });
}

function localOf(options: FromConfigOptions): LocalOptions {
  const { config, configFile, saveKey, onShutdown, logLevel } = options;
  return {
    connectorFilesDirectory: config.connector_files_dirpath,
    sendTypes: config.send_message_types,
    recvTypes: config.recv_message_types,
    destinations: destinationsOf(config),
    receiveFileMaxBytes: config.max_size_file_upload_recv,
    sendFileMaxBytes: config.max_size_file_upload_send,
    filePieceMaxBytes: Math.max(1, config.max_size_chunk_upload),
    fileSpool: config.file_spool,
    fileQuota: {
      filesAtOnce: config.file_quota_files,
      bytesAtOnce: config.file_quota_bytes,
      filesADay: config.file_quota_files_a_day,
      bytesADay: config.file_quota_bytes_a_day,
    },
    preserveReceiveSocket: config.uds_path_receive_preserve_socket,
    preserveSendSocket: config.uds_path_send_preserve_socket,
    pythonListener: config.python_listener,
    everybodyCanSend: everybodyCanSend(config),
    countsMessages: config.debug_msg_counts,
    storage: {
      send: config.disk_persistence_send,
      recv: config.disk_persistence_recv,
      maxBytes: config.max_size_persistence_path,
      whenFull: config.when_full,
      durability: config.durability,
      journalDirectory: config.journal_directory ?? config.connector_files_dirpath,
    },
    usualDirectories: options.usualDirectories ?? USUAL_CONNECTOR_DIRECTORIES,
    attributes: config,
    saveKey,
    configFile,
    onShutdown,
    logLevel,
  };
}

/** The destinations of received files by dst_type: file_recv_config, and the older file_type2dirpath. */
function destinationsOf(config: ConnectorConfig): ReadonlyMap<string, FileDestination> {
  const older = [...config.file_type2dirpath].map(([type, targetDirectory]): [string, FileDestination] => [
    type,
    { targetDirectory, overrideExisting: false },
  ]);
  const newer = [...config.file_recv_config].map(([type, destination]): [string, FileDestination] => [
    type,
    { targetDirectory: destination.target_directory, overrideExisting: destination.override_existing },
  ]);
  return new Map([...older, ...newer]);
}
