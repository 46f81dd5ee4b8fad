import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostAndPort } from '../base/addresses.ts';
import { AiocError } from '../base/errors.ts';
import { realRandomness } from '../base/real-ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { VERSION } from '../base/version.ts';
import { withClientName } from '../config/client-name.ts';
import { ConfigFile } from '../config/config-file.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import { loadConfig } from '../config/load-config.ts';
import { type ParsedConfig, parseConfig } from '../config/parse-config.ts';
import { placesOfConnector } from '../config/user-directories.ts';
import { createConnectorEngine, type Engine } from '../connector/create-engine.ts';
import { settleDirectories } from '../connector/installed-directories.ts';
import { openLog } from '../connector/open-log.ts';
import { socketsOfConfig } from '../local/socket-names.ts';
import type { LogFile } from '../log-files/log-file.ts';
import type { PeerChange } from '../peers/traffic-observers.ts';
import type { ConnectorApiOptions } from './api-options.ts';
import { ConnectorAPI } from './connector-api.ts';
import { type ConnectorManagerOptions, keysOfOptions, parseOptions } from './manager-options.ts';

/** A peer of a connector. */
export interface ConnectorPeer {
  /** Its name on the wire, as `destinationId` takes it. */
  readonly name: string;
  /** Its `address:port`. */
  readonly address: string;
}

/** Events of a ConnectorManager. Listeners are called after the event, never during it. */
export interface ConnectorManagerEvents {
  /** A peer connected, or replaced its connection. */
  connected: [peer: ConnectorPeer];
  /** The connection to a peer ended. */
  disconnected: [peer: ConnectorPeer & { readonly reason: string }];
  /** The connector was shut down, by `shutdown` or by a command from this machine. */
  shutdown: [];
}

/** How to start. */
export interface StartConnectorOptions {
  /** Milliseconds to wait first. Default: 0. */
  readonly delayMs?: number;
  /** Cancels the start and undoes it. After the start it has no effect. */
  readonly signal?: AbortSignal;
}

/** How to stop. */
export interface StopConnectorOptions {
  /** Stops at once, without draining the queues. Default: false. */
  readonly hard?: boolean;
}

interface Running {
  readonly engine: Engine;
  readonly log: LogFile;
}

/** The configuration that `fromConfig` read. */
interface LoadedConfig extends ParsedConfig {
  readonly file?: string;
}

/** The longest time that a timer can wait: 2^31 - 1 milliseconds, 24 days. */
const DELAY_MAX_MS = 2_147_483_647;

/**
 * A connector in this process: it connects to peers on other machines, and programs of this machine reach it with a
 * ConnectorAPI, aioc's or Python's. A process may have several. Its options give it the certificates, sockets, log and
 * rules that a daemon (`aioc --headless FILE`) has.
 *
 * Queued messages are on disk, unless an option turns that off for them: then they survive `stop` and `restart`, and are
 * lost with `shutdown` or the process.
 * Calls of start, stop, restart and shutdown run one after another; stop and shutdown cancel earlier starts. A started
 * connector keeps the process alive until `shutdown`.
 */
export class ConnectorManager extends EventEmitter<ConnectorManagerEvents> {
  readonly #config: ConnectorConfig;
  readonly #file: string | undefined;
  readonly #starts = new Set<AbortController>();
  #running: Running | undefined;
  readonly #queue = new SerialQueue();
  /** What the options ask for and aioc does not do, a sentence each; the log has them too. */
  readonly warnings: readonly string[];

  /** @throws AiocError AIOC_CONFIG with every error in the options */
  constructor(options: ConnectorManagerOptions);
  /** @internal */
  constructor(options: LoadedConfig);
  constructor(options: ConnectorManagerOptions | LoadedConfig) {
    super();
    const loaded: LoadedConfig = 'config' in options ? options : parseOptions(options);
    this.#config = withClientName(loaded.config, realRandomness().bytes);
    this.#file = loaded.file;
    this.warnings = loaded.warnings;
  }

  /**
   * Takes a configuration with Python's keys: the path of a JSON file, or its content. `overrides` replace keys of it.
   * Commands that change the configuration (ignored peers, lists of clients) also change the file.
   *
   * @throws AiocError AIOC_CONFIG with every error in the file and the options
   */
  static async fromConfig(
    config: string | Readonly<Record<string, unknown>>,
    overrides: Partial<ConnectorManagerOptions> = {},
  ): Promise<ConnectorManager> {
    const keys = keysOfOptions(overrides);
    if (typeof config !== 'string') {
      const parsed = parseConfig(
        { ...config, ...keys },
        { source: 'configuration', role: 'manager', fromArguments: new Set(Object.keys(keys)) },
      );
      return new ConnectorManager(await settleDirectories(parsed, { source: 'configuration' }));
    }
    const file = resolve(config);
    const parsed = await loadConfig({ file, arguments: keys, argumentsWin: true, role: 'manager' });
    return new ConnectorManager({ ...(await settleDirectories(parsed, { source: file })), file });
  }

  /** Whether it listens for clients. */
  get isServer(): boolean {
    return this.#config.is_server;
  }

  /** A client's name, given or generated; undefined for a server. */
  get clientName(): string | undefined {
    return this.#config.is_server ? undefined : (this.#config.client_name ?? undefined);
  }

  /** The address that a server listens on or that a client connects to. */
  get serverSockaddr(): readonly [host: string, port: number] {
    return this.#config.server_sockaddr;
  }

  /** The connected peers; none while it is stopped. */
  get connectedPeers(): readonly ConnectorPeer[] {
    const peers = Object.entries(this.#running?.engine.control.connectedPeers() ?? {});
    return peers.map(([name, [host, port]]) => ({ name, address: hostAndPort(host, port) }));
  }

  /** The number of messages queued for each peer, by its name; received messages are not counted. */
  get waiting(): Readonly<Record<string, number>> {
    return this.#running?.engine.control.queues().toSend ?? {};
  }

  /**
   * Starts the connector; does nothing if it runs. It resolves when a server listens, or when a client begins to connect.
   * A client retries until it is stopped; wait for `connected` if you need the connection.
   *
   * @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING, AIOC_CERTIFICATES, AIOC_STATE_DIRECTORY,
   * AIOC_SOCKET_PATH, AIOC_DIRECTORY if another user could change one of its directories, AIOC_CONFIG if one cannot be
   * created, and AIOC_CANCELLED by the signal, `stop` or `shutdown`; the connector is not running then
   */
  start({ delayMs = 0, signal }: StartConnectorOptions = {}): Promise<void> {
    return this.#startWith(signal, (abort) => this.#start(delayMs, abort));
  }

  /**
   * Stops the connector and disconnects peers and programs; does nothing if it does not run. Unless `hard`, it first
   * drains the queues of connected peers, for at most 5 s; a message that the connector has not read yet when `send`
   * resolves may miss that. Messages in flight may arrive twice after the next start. The command socket stays, so that
   * `aioc cli` can start the connector again, and so do unsent messages.
   */
  stop({ hard = false }: StopConnectorOptions = {}): Promise<void> {
    this.#cancelStarts();
    return this.#queue.run(async () => this.#running?.engine.control.stop({ hard, shutdown: false }));
  }

  /**
   * Stops like `stop`, waits `delayMs`, and starts.
   *
   * @throws AiocError like `start`; the connector is stopped then
   */
  restart({
    hard = false,
    delayMs = 0,
    signal,
  }: StopConnectorOptions & StartConnectorOptions = {}): Promise<void> {
    return this.#startWith(signal, async (abort) => {
      cancelled(abort);
      await this.#running?.engine.control.stop({ hard, shutdown: false });
      await this.#start(delayMs, abort);
    });
  }

  /**
   * Stops like `stop` and releases everything: the command socket, the log, and messages in memory. You can `start` it
   * again.
   */
  shutdown({ hard = false }: StopConnectorOptions = {}): Promise<void> {
    this.#cancelStarts();
    return this.#queue.run(async () => {
      const running = this.#running;
      if (running === undefined) return;
      await running.engine.stop({ hard });
      await running.log.close();
      this.#running = undefined;
      this.#emitLater(() => this.emit('shutdown'));
    });
  }

  /**
   * A ConnectorAPI to this connector.
   *
   * @param options replace this connector's options
   */
  api(options: Partial<ConnectorApiOptions> = {}): ConnectorAPI {
    const config = this.#config;
    const { clientName } = this;
    return new ConnectorAPI({
      isServer: config.is_server,
      ...(clientName !== undefined && { clientName }),
      serverSockaddr: config.server_sockaddr,
      connectorFilesDirpath: config.connector_files_dirpath,
      sendMessageTypes: config.send_message_types,
      recvMessageTypes: config.recv_message_types,
      udsPathSendPreserveSocket: config.uds_path_send_preserve_socket,
      ...options,
    });
  }

  async #startWith(
    signal: AbortSignal | undefined,
    act: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    if (signal?.aborted) abort.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#starts.add(abort);
    try {
      await this.#queue.run(() => act(abort.signal));
    } finally {
      this.#starts.delete(abort);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #start(delayMs: number, signal: AbortSignal): Promise<void> {
    if (!(delayMs >= 0 && delayMs <= DELAY_MAX_MS))
      throw new RangeError(`delayMs ${delayMs}: 0 to ${DELAY_MAX_MS}`);
    if (delayMs > 0) await delay(delayMs, undefined, { signal }).catch(() => undefined);
    cancelled(signal);
    const before = this.#running;
    const running = before ?? (await this.#make());
    try {
      cancelled(signal);
      await (before === undefined ? running.engine.start() : before.engine.control.start());
      cancelled(signal);
      this.#running = running;
    } catch (error) {
      if (before !== undefined) await before.engine.pause({ hard: true });
      else {
        await running.engine.stop({ hard: true });
        await running.log.close();
      }
      throw error;
    }
  }

  async #make(): Promise<Running> {
    const config = this.#config;
    socketsOfConfig(config);
    const configFile = this.#file === undefined ? undefined : new ConfigFile(this.#file);
    const log = await openLog(config, (text) => process.stderr.write(`aioc: warning: ${text}\n`));
    for (const warning of this.warnings) log.write({ level: 'WARNING', text: warning });
    if (!config.silent) log.echo(process.stdout);
    try {
      const engine = await createConnectorEngine({
        config,
        version: VERSION,
        ...placesOfConnector(config),
        onShutdown: () => void this.shutdown({ hard: true }),
        ...(configFile && { saveKey: (key, value) => configFile.set(key, value) }),
        onLogLine: (line) => log.write(line),
        onPeerChange: (change) => this.#peerChanged(change),
        logLevel: {
          get: () => log.level,
          set: (level) => {
            log.level = level;
          },
        },
      });
      return { engine, log };
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  #peerChanged({ connected, name, address, reason = '' }: PeerChange): void {
    if (connected) this.#emitLater(() => this.emit('connected', { name, address }));
    else this.#emitLater(() => this.emit('disconnected', { name, address, reason }));
  }

  /** An error of a listener must not reach the connector. */
  #emitLater(emit: () => void): void {
    process.nextTick(emit);
  }

  #cancelStarts(): void {
    for (const start of this.#starts) start.abort();
  }
}

/** @throws AiocError AIOC_CANCELLED */
function cancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new AiocError('AIOC_CANCELLED', 'the start of the connector was cancelled');
}
