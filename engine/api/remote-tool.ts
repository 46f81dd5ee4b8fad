import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import { ownerId } from '../local/socket-names.ts';
import type { JsonObject } from '../protocol/header.ts';
import { apiOptionsFromConfig, type ConnectorAddress } from './api-options.ts';
import {
  type ConnectedPeers,
  type IgnoredPeers,
  parseDone,
  parseFinished,
  parseIgnored,
  parseNames,
  parsePeers,
  parseQueues,
  type QueueCounts,
} from './command-answers.ts';
import { callCommand } from './command-call.ts';
import { ConnectorLocator } from './connector-locator.ts';

export interface CallOptions {
  /** How long to wait for the answer: a Python connector leaves what it does not know unanswered. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface StopOptions extends CallOptions {
  /** Stops without emptying the queues first. */
  readonly hard?: boolean;
  /** Also ends what takes commands, so that only a new process starts the connector again. */
  readonly shutdown?: boolean;
  /** Removes the sockets. Default: true. */
  readonly enableDeleteFiles?: boolean;
  /** A client goes on trying to reach its server. */
  readonly clientWaitForReconnect?: boolean;
}

export interface RestartOptions extends CallOptions {
  readonly hard?: boolean;
  readonly sleepBetweenSeconds?: number;
}

/** A client, by name or by address; an address may be a network in CIDR form. */
export type ClientMatch = { readonly clientId: string } | { readonly clientIp: string };

/**
 * Commands to a connector that runs on the same machine, be it aioc or Python's. Every command can fail with
 * AIOC_CONNECTOR_AWAY, AIOC_TIMEOUT and AIOC_CANCELLED, and with AIOC_COMMAND when the connector says no.
 */
export class ConnectorRemoteTool {
  readonly #place: ConnectorLocator;
  readonly #clock: Clock;

  /** @throws AiocError AIOC_NAME_BAD when it is not said which connector is meant */
  constructor(options: ConnectorAddress, { clock }: { readonly clock: Clock } = { clock: realClock() }) {
    this.#place = new ConnectorLocator(options);
    this.#clock = clock;
  }

  /** @throws AiocError AIOC_CONFIG, AIOC_NAME_BAD; see ConnectorAPI.fromConfig */
  static async fromConfig(
    config: string | Readonly<Record<string, unknown>>,
    options: Partial<ConnectorAddress> = {},
  ): Promise<ConnectorRemoteTool> {
    return new ConnectorRemoteTool({ ...(await apiOptionsFromConfig(config)), ...options });
  }

  /** Any command as it goes over the socket; the answer as it came. */
  command(
    cmd: string,
    kwargs: JsonObject = {},
    { timeoutMs = LIMITS.commandTimeoutMs, signal }: CallOptions = {},
  ): Promise<string> {
    const call = { cmd, kwargs, timeoutMs, signal };
    return callCommand({ place: this.#place, clock: this.#clock }, call);
  }

  async start(options: CallOptions = {}): Promise<true> {
    return parseFinished(await this.command('start', {}, withLongTimeout(options)));
  }

  /** By default the queues are emptied first. The command socket stays, so that `start` works, unless `shutdown`. */
  async stop({
    hard = false,
    shutdown = false,
    enableDeleteFiles = true,
    clientWaitForReconnect = false,
    ...options
  }: StopOptions = {}): Promise<true> {
    const kwargs = {
      hard,
      shutdown,
      enable_delete_files: enableDeleteFiles,
      client_wait_for_reconnect: clientWaitForReconnect,
    };
    return parseFinished(await this.command('stop', kwargs, withLongTimeout(options)));
  }

  async restart({ hard = false, sleepBetweenSeconds = 0, ...options }: RestartOptions = {}): Promise<true> {
    const kwargs = { hard, sleep_between: sleepBetweenSeconds };
    const timed = withLongTimeout(options, sleepBetweenSeconds * 1_000);
    return parseFinished(await this.command('restart', kwargs, timed));
  }

  async showConnectedPeers(options?: CallOptions): Promise<ConnectedPeers> {
    return parsePeers(await this.command('show_connected_peers__sync', { dump_result: true }, options));
  }

  async peekQueues(options?: CallOptions): Promise<QueueCounts> {
    return parseQueues(await this.command('peek_queues__sync', { dump_result: true }, options));
  }

  ignorePeerTrafficShow(options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ show: true }, options);
  }

  /** Ignores everybody. */
  ignorePeerTrafficEnable(options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ enable: true }, options);
  }

  /** Ignores one peer; with a Python connector in place of whoever was ignored before. */
  ignorePeerTrafficEnableUnique(peerName: string, options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ unique_peer: peerName }, options);
  }

  ignorePeerTrafficDisable(options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ disable: true }, options);
  }

  showLogLevel(options?: CallOptions): Promise<string> {
    return this.command('show_log_level__sync', {}, options);
  }

  /** @returns the level that is set now */
  setLogLevel(level: string, options?: CallOptions): Promise<string> {
    return this.command('set_log_level__sync', { level }, options);
  }

  /** The value of an attribute of the connector, in Python's spelling. */
  showAttribute(attribute: string, options?: CallOptions): Promise<string> {
    return this.command('show_attribute__sync', { attribute }, options);
  }

  /** A server takes a client's certificate away, and with it the connection; `removeOnlySymlink` keeps the file. */
  async deleteClientCertificateOnServer(
    clientId: string,
    { removeOnlySymlink = false, ...options }: CallOptions & { readonly removeOnlySymlink?: boolean } = {},
  ): Promise<true> {
    this.#only('server', 'deletes the certificate of a client');
    const kwargs = { client_id: clientId, remove_only_symlink: removeOnlySymlink };
    return parseDone(await this.command('delete_client_certificate_on_server', kwargs, options));
  }

  /** A client goes back to the default certificate, and by default connects again to be given a new one. */
  deleteClientCertificateOnClient(options: ClientRestartOptions = {}): Promise<true> {
    return this.#onClient('delete_client_certificate_on_client', options);
  }

  async disconnectClient(clientId: string, options?: CallOptions): Promise<true> {
    this.#only('server', 'disconnects clients');
    return parseDone(await this.command('disconnect_client', { client_id: clientId }, options));
  }

  async deleteClientTokenOnServer(clientId: string, options?: CallOptions): Promise<true> {
    this.#only('server', 'deletes the token of a client');
    return parseDone(await this.command('delete_client_token_on_server', { client_id: clientId }, options));
  }

  deleteClientTokenOnClient(options: ClientRestartOptions = {}): Promise<true> {
    return this.#onClient('delete_client_token_on_client', options);
  }

  /** A Python 1.6.3 connector reads its tokens again and never answers: that is AIOC_TIMEOUT. */
  reloadTokens(options?: CallOptions): Promise<string> {
    const cmd = this.#place.owner.role === 'server' ? 'load_server_tokens' : 'load_client_token';
    return this.command(cmd, {}, options);
  }

  addBlacklistClient(client: ClientMatch, options?: CallOptions): Promise<true> {
    return this.#list('add_blacklist_client', client, options);
  }

  removeBlacklistClient(client: ClientMatch, options?: CallOptions): Promise<true> {
    return this.#list('remove_blacklist_client', client, options);
  }

  addWhitelistClient(client: ClientMatch, options?: CallOptions): Promise<true> {
    return this.#list('add_whitelist_client', client, options);
  }

  removeWhitelistClient(client: ClientMatch, options?: CallOptions): Promise<true> {
    return this.#list('remove_whitelist_client', client, options);
  }

  /** Deletes the messages that the connector, or a Python connector of its name before it, has left on the disk. */
  async deletePreviousPersistenceRemains(options?: CallOptions): Promise<true> {
    return parseFinished(await this.command('delete_previous_persistence_remains__sync', {}, options));
  }

  async showSubscribeMessageTypes(options?: CallOptions): Promise<readonly string[]> {
    return parseNames(await this.command('show_subscribe_message_types__sync', {}, options));
  }

  /** @returns the types that are subscribed to now */
  async setSubscribeMessageTypes(
    messageTypes: readonly string[],
    options?: CallOptions,
  ): Promise<readonly string[]> {
    const kwargs = { message_types: messageTypes };
    return parseNames(await this.command('set_subscribe_message_types', kwargs, options));
  }

  async #ignore(kwargs: JsonObject, options: CallOptions | undefined): Promise<IgnoredPeers> {
    return parseIgnored(await this.command('manage_ignore_peer_traffic__sync', kwargs, options));
  }

  async #list(cmd: string, client: ClientMatch, options: CallOptions | undefined): Promise<true> {
    this.#only('server', 'has lists of clients');
    const kwargs = {
      client_ip: 'clientIp' in client ? client.clientIp : null,
      client_id: 'clientId' in client ? client.clientId : null,
    };
    return parseDone(await this.command(cmd, kwargs, options));
  }

  async #onClient(cmd: string, { restartClient = true, ...options }: ClientRestartOptions): Promise<true> {
    this.#only('client', 'deletes what it was given itself');
    return parseDone(await this.command(cmd, { restart_client: restartClient }, withLongTimeout(options)));
  }

  #only(role: 'server' | 'client', does: string): void {
    const { owner } = this.#place;
    if (owner.role === role) return;
    throw new AiocError('AIOC_COMMAND', `${ownerId(owner)} is a ${owner.role}: only a ${role} ${does}`);
  }
}

export interface ClientRestartOptions extends CallOptions {
  /** Connects again at once. Default: true. */
  readonly restartClient?: boolean;
}

/** Emptying queues and closing connections takes longer than an answer from memory. */
function withLongTimeout(options: CallOptions, extraMs = 0): CallOptions {
  return { timeoutMs: LIMITS.stopTimeoutMs + extraMs, ...options };
}
