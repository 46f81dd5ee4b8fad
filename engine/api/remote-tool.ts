import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import type { TransferRow } from '../contract/views.ts';
import type { CleanChoice, InviteOptions, MadeInvitation } from '../local/connector-commands.ts';
import { ownerId } from '../local/socket-names.ts';
import type { JsonObject } from '../protocol/header.ts';
import { apiOptionsFromConfig, type ConnectorAddress } from './api-options.ts';
import {
  type ConnectedPeers,
  type IgnoredPeers,
  parseDone,
  parseFinished,
  parseIgnored,
  parseInvitation,
  parseNames,
  parsePeers,
  parseQueues,
  parseTransfers,
  type QueueCounts,
} from './command-answers.ts';
import { callCommand } from './command-call.ts';
import { ConnectorLocator } from './connector-locator.ts';

export interface CallOptions {
  /** Timeout for the answer, in milliseconds. A Python connector does not answer commands that it does not know. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface StopOptions extends CallOptions {
  /** Stops without draining the queues. */
  readonly hard?: boolean;
  /** Also closes the command socket, so that only a new process can start the connector again. */
  readonly shutdown?: boolean;
  /** Removes the sockets. Default: true. */
  readonly enableDeleteFiles?: boolean;
  /** A client keeps trying to reach its server. */
  readonly clientWaitForReconnect?: boolean;
}

export interface RestartOptions extends CallOptions {
  readonly hard?: boolean;
  readonly sleepBetweenSeconds?: number;
}

/** A client, by name or by address. The address may be a subnet in CIDR notation. */
export type ClientMatch = { readonly clientId: string } | { readonly clientIp: string };

/**
 * Sends commands to a connector that runs on the same machine: aioc's or Python's. Every command can fail with
 * AIOC_CONNECTOR_AWAY, AIOC_TIMEOUT and AIOC_CANCELLED, and with AIOC_COMMAND if the connector refuses it.
 */
export class ConnectorRemoteTool {
  readonly #locator: ConnectorLocator;
  readonly #clock: Clock;

  /** @throws AiocError AIOC_NAME_BAD if the options do not identify a connector */
  constructor(options: ConnectorAddress, { clock }: { readonly clock: Clock } = { clock: realClock() }) {
    this.#locator = new ConnectorLocator(options);
    this.#clock = clock;
  }

  /**
   * As ConnectorAPI.fromConfig.
   *
   * @throws AiocError AIOC_CONFIG, AIOC_NAME_BAD
   */
  static async fromConfig(
    config: string | Readonly<Record<string, unknown>>,
    options: Partial<ConnectorAddress> = {},
  ): Promise<ConnectorRemoteTool> {
    return new ConnectorRemoteTool({ ...(await apiOptionsFromConfig(config)), ...options });
  }

  /** Sends any command, by its name in Python's protocol, and returns the unparsed answer. */
  command(
    cmd: string,
    kwargs: JsonObject = {},
    { timeoutMs = LIMITS.commandTimeoutMs, signal }: CallOptions = {},
  ): Promise<string> {
    const call = { cmd, kwargs, timeoutMs, signal };
    return callCommand({ locator: this.#locator, clock: this.#clock }, call);
  }

  /** Starts a connector that was stopped without `shutdown`. */
  async start(options: CallOptions = {}): Promise<true> {
    return parseFinished(await this.command('start', {}, withLongTimeout(options)));
  }

  /** Drains the queues and stops the connector. Without `shutdown`, its command socket stays open, so that `start` works. */
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

  /** Stops the connector and starts it again. */
  async restart({ hard = false, sleepBetweenSeconds = 0, ...options }: RestartOptions = {}): Promise<true> {
    const kwargs = { hard, sleep_between: sleepBetweenSeconds };
    const timed = withLongTimeout(options, sleepBetweenSeconds * 1_000);
    return parseFinished(await this.command('restart', kwargs, timed));
  }

  /** The connected peers and their addresses. */
  async showConnectedPeers(options?: CallOptions): Promise<ConnectedPeers> {
    return parsePeers(await this.command('show_connected_peers__sync', { dump_result: true }, options));
  }

  /** The number of messages in each queue. */
  async peekQueues(options?: CallOptions): Promise<QueueCounts> {
    return parseQueues(await this.command('peek_queues__sync', { dump_result: true }, options));
  }

  /** The ignored peers. */
  ignorePeerTrafficShow(options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ show: true }, options);
  }

  /** Ignores all peers. */
  ignorePeerTrafficEnable(options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ enable: true }, options);
  }

  /** Ignores one peer. A Python connector then ignores only this one. */
  ignorePeerTrafficEnableUnique(peerName: string, options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ unique_peer: peerName }, options);
  }

  /** Ignores no peer. */
  ignorePeerTrafficDisable(options?: CallOptions): Promise<IgnoredPeers> {
    return this.#ignore({ disable: true }, options);
  }

  /** The log level. */
  showLogLevel(options?: CallOptions): Promise<string> {
    return this.command('show_log_level__sync', {}, options);
  }

  /** @returns the new level */
  setLogLevel(level: string, options?: CallOptions): Promise<string> {
    return this.command('set_log_level__sync', { level }, options);
  }

  /** The value of an attribute of the connector, in Python's notation. */
  showAttribute(attribute: string, options?: CallOptions): Promise<string> {
    return this.command('show_attribute__sync', { attribute }, options);
  }

  /** Deletes a client's certificate on a server and disconnects the client. `removeOnlySymlink` keeps the file. */
  async deleteClientCertificateOnServer(
    clientId: string,
    { removeOnlySymlink = false, ...options }: CallOptions & { readonly removeOnlySymlink?: boolean } = {},
  ): Promise<true> {
    this.#only('server', 'can delete the certificate of a client');
    const kwargs = { client_id: clientId, remove_only_symlink: removeOnlySymlink };
    return parseDone(await this.command('delete_client_certificate_on_server', kwargs, options));
  }

  /** Deletes a client's certificate on the client. By default, the client reconnects and gets a new one. */
  deleteClientCertificateOnClient(options: ClientRestartOptions = {}): Promise<true> {
    return this.#onClient('delete_client_certificate_on_client', options);
  }

  /**
   * Makes a one-time invitation to a server for a new client, for `aioc join`. Only for aioc's connectors.
   *
   * @param options `hours`: how long it is valid (default 24); `address`: the server's address as the client reaches it
   */
  async createInvitation(
    clientId: string,
    { hours, address, ...options }: CallOptions & Omit<InviteOptions, 'name'> = {},
  ): Promise<MadeInvitation> {
    this.#only('server', 'can invite clients');
    const kwargs = { client_id: clientId, hours: hours ?? null, address: address ?? null };
    return parseInvitation(await this.command('create_invitation', kwargs, options));
  }

  /** Replaces a client's certificate over its connection to its server. Only for aioc's connectors. */
  async renewCertificate(options: CallOptions = {}): Promise<true> {
    this.#only('client', 'renews its certificate');
    return parseDone(await this.command('renew_certificate', {}, withLongTimeout(options)));
  }

  /** The files on their way in both directions, and the partial ones. Only for aioc's connectors, like the next two. */
  async listTransfers(options?: CallOptions): Promise<readonly TransferRow[]> {
    return parseTransfers(await this.#own('list_transfers', {}, options));
  }

  /**
   * Stops a transfer, and tells the other side. The message of the file arrives without it.
   *
   * @returns the transfer as it was
   */
  async cancelTransfer(id: string, options?: CallOptions): Promise<TransferRow> {
    const [row] = parseTransfers(await this.#own('cancel_transfer', { id }, options));
    return row as TransferRow;
  }

  /**
   * Deletes partial files: one, or those to which nothing was added for so long.
   *
   * @returns those that were deleted
   */
  async cleanTransfers(choice: CleanChoice, options?: CallOptions): Promise<readonly TransferRow[]> {
    const kwargs = 'id' in choice ? { id: choice.id } : { idle_ms: choice.idleMs };
    return parseTransfers(await this.#own('clean_transfers', kwargs, options));
  }

  /** A command that only aioc's connectors know; Python's do not answer it, and older ones of aioc say so. */
  async #own(cmd: string, kwargs: JsonObject, options: CallOptions | undefined): Promise<string> {
    const unknown = `the connector does not know ${cmd}: it is Python's or an older version of aioc`;
    const answer = await this.command(cmd, kwargs, options).catch((error: unknown) => {
      const { code } = toAiocError(error);
      if (code !== 'AIOC_TIMEOUT' && code !== 'AIOC_COMMAND') throw error;
      throw new AiocError('AIOC_COMMAND', `${unknown}, or it does not answer`, { cause: error });
    });
    if (/^aioc knows no command/.test(answer)) throw new AiocError('AIOC_COMMAND', unknown);
    return answer;
  }

  /** Closes the connection of a client on a server. */
  async disconnectClient(clientId: string, options?: CallOptions): Promise<true> {
    this.#only('server', 'can disconnect clients');
    return parseDone(await this.command('disconnect_client', { client_id: clientId }, options));
  }

  /** For Python connectors; aioc does not support tokens. */
  async deleteClientTokenOnServer(clientId: string, options?: CallOptions): Promise<true> {
    this.#only('server', 'can delete the token of a client');
    return parseDone(await this.command('delete_client_token_on_server', { client_id: clientId }, options));
  }

  /** For Python connectors; aioc does not support tokens. */
  deleteClientTokenOnClient(options: ClientRestartOptions = {}): Promise<true> {
    return this.#onClient('delete_client_token_on_client', options);
  }

  /** For Python connectors. Python 1.6.3 reloads its tokens but does not answer, so this fails with AIOC_TIMEOUT. */
  reloadTokens(options?: CallOptions): Promise<string> {
    const cmd = this.#locator.owner.role === 'server' ? 'load_server_tokens' : 'load_client_token';
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

  /** Deletes the stored messages of the connector and of an earlier Python connector with its name. */
  async deletePreviousPersistenceRemains(options?: CallOptions): Promise<true> {
    return parseFinished(await this.command('delete_previous_persistence_remains__sync', {}, options));
  }

  /** For Python connectors: the message types that a client subscribes to. */
  async showSubscribeMessageTypes(options?: CallOptions): Promise<readonly string[]> {
    return parseNames(await this.command('show_subscribe_message_types__sync', {}, options));
  }

  /**
   * For Python connectors: sets the message types that a client subscribes to.
   *
   * @returns the new types
   */
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
    this.#only('server', 'has access lists');
    const kwargs = {
      client_ip: 'clientIp' in client ? client.clientIp : null,
      client_id: 'clientId' in client ? client.clientId : null,
    };
    return parseDone(await this.command(cmd, kwargs, options));
  }

  async #onClient(cmd: string, { restartClient = true, ...options }: ClientRestartOptions): Promise<true> {
    this.#only('client', 'can delete its certificate or token');
    return parseDone(await this.command(cmd, { restart_client: restartClient }, withLongTimeout(options)));
  }

  #only(role: 'server' | 'client', does: string): void {
    const { owner } = this.#locator;
    if (owner.role === role) return;
    throw new AiocError('AIOC_COMMAND', `${ownerId(owner)} is a ${owner.role}: only a ${role} ${does}`);
  }
}

export interface ClientRestartOptions extends CallOptions {
  /** Reconnects at once. Default: true. */
  readonly restartClient?: boolean;
}

/** Draining queues and closing connections takes longer than other commands. */
function withLongTimeout(options: CallOptions, extraMs = 0): CallOptions {
  return { timeoutMs: LIMITS.stopTimeoutMs + extraMs, ...options };
}
