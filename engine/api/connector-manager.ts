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
import { socketsOfConfig } from '../local/sockets-of-config.ts';
import type { LogFile } from '../log-files/log-file.ts';
import type { PeerChange } from '../peers/traffic-observers.ts';
import type { ConnectorApiOptions } from './api-options.ts';
import { ConnectorAPI } from './connector-api.ts';
import { type ConnectorManagerOptions, keysOfOptions, parseOptions } from './manager-options.ts';

/** A peer of a connector. */
export interface ConnectorPeer {
  /** Its name on the wire: what `destinationId` takes. */
  readonly name: string;
  /** `address:port` at the other end. */
  readonly address: string;
}

/** What a ConnectorManager tells about. Listeners are called after the event, never in the middle of it. */
export interface ConnectorManagerEvents {
  /** A peer has connected; also one that was connected and came back over a new connection. */
  connected: [peer: ConnectorPeer];
  /** The connection to a peer is over. */
  disconnected: [peer: ConnectorPeer & { readonly reason: string }];
  /** The connector has been shut down, by `shutdown` or by a command from this machine. */
  shutdown: [];
}

/** How to start. */
export interface StartConnectorOptions {
  /** Milliseconds to wait first. Default: 0. */
  readonly delayMs?: number;
  /** Gives the start up; nothing of it is left then. After the start it has no effect. */
  readonly signal?: AbortSignal;
}

/** How to stop. */
export interface StopConnectorOptions {
  /** Does not send what waits first, and cuts the connections. Default: false. */
  readonly hard?: boolean;
}

interface Running {
  readonly engine: Engine;
  readonly log: LogFile;
}

/** What `fromConfig` has read. */
interface LoadedConfig extends ParsedConfig {
  readonly file?: string;
}

/** The longest time that a timer can wait: 2^31 - 1 milliseconds, 24 days. */
const DELAY_MAX_MS = 2_147_483_647;

/**
 * A connector in this process: the end of a connection to peers on other machines, for the programs of this machine,
 * which reach it with ConnectorAPI, aioc's or Python's. A process may have several. Each has the certificates, sockets,
 * log and rules of its options, as the daemon has (`aioc --headless FILE`).
 *
 * What waits is on the disk, unless an option says that it is not to be: then it survives `stop` and `restart`, and is lost
 * with `shutdown` or the process.
 * Calls of start, stop, restart and shutdown follow one another; stop and shutdown give up starts that were asked for
 * before. A started connector keeps the process alive until `shutdown`.
 */
export class ConnectorManager extends EventEmitter<ConnectorManagerEvents> {
  readonly #config: ConnectorConfig;
  readonly #file: string | undefined;
  readonly #starts = new Set<AbortController>();
  #running: Running | undefined;
  readonly #queue = new SerialQueue();
  /** What was asked for and will not have its effect, each a sentence; they are in the log, too. */
  readonly warnings: readonly string[];

  /** @throws AiocError AIOC_CONFIG with every fault of the options */
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
   * Takes a configuration in Python's keys: the path of a JSON file or what is in it. A key that is given by the second
   * argument, too, has the value given there. What commands change for good (whom it
   * ignores, its lists of clients) is written into the file.
   *
   * @throws AiocError AIOC_CONFIG with every fault of file and options
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

  /** A client's name, be it given or made up; undefined for a server. */
  get clientName(): string | undefined {
    return this.#config.is_server ? undefined : (this.#config.client_name ?? undefined);
  }

  /** Where a server listens and which server a client calls. */
  get serverSockaddr(): readonly [host: string, port: number] {
    return this.#config.server_sockaddr;
  }

  /** Who is connected now; nobody while it is stopped. */
  get connectedPeers(): readonly ConnectorPeer[] {
    const peers = Object.entries(this.#running?.engine.control.connectedPeers() ?? {});
    return peers.map(([name, [host, port]]) => ({ name, address: hostAndPort(host, port) }));
  }

  /** How many messages wait to be sent to each peer, by its name; those that no program has taken are not among them. */
  get waiting(): Readonly<Record<string, number>> {
    return this.#running?.engine.control.queues().toSend ?? {};
  }

  /**
   * Starts the connector; does nothing when it runs. It resolves when a server listens, and when a client has begun to
   * call its server, which it then does until it is stopped: wait for `connected` if that matters.
   *
   * @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING, AIOC_CERTIFICATES, AIOC_STATE_DIRECTORY,
   * AIOC_SOCKET_PATH, AIOC_DIRECTORY when another user could change a directory of it, AIOC_CONFIG when one cannot be
   * made, and AIOC_CANCELLED by the signal, `stop` or
   * `shutdown`; nothing runs then
   */
  start({ delayMs = 0, signal }: StartConnectorOptions = {}): Promise<void> {
    return this.#startWith(signal, (abort) => this.#start(delayMs, abort));
  }

  /**
   * Stops the connector: peers and programs are cut off. Unless `hard`, connected peers are first sent what waits for
   * them, for 5 s at most; a message that the connector has not read yet when `send` resolves may be too late for that.
   * What was under way when a connection ended may come twice after the next start. The socket for commands stays, so that `aioc cli` can start it again; so does what could
   * not be sent. Does nothing when it does not run.
   */
  stop({ hard = false }: StopConnectorOptions = {}): Promise<void> {
    this.#giveUpStarts();
    return this.#queue.run(async () => this.#running?.engine.control.stop({ hard, shutdown: false }));
  }

  /**
   * Stops as `stop` does, waits `delayMs` and starts.
   *
   * @throws AiocError as `start`; the connector is stopped then
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
   * Stops as `stop` does and lets go of everything: the socket for commands, the log, and what still waits in memory.
   * A later `start` begins anew.
   */
  shutdown({ hard = false }: StopConnectorOptions = {}): Promise<void> {
    this.#giveUpStarts();
    return this.#queue.run(async () => {
      const running = this.#running;
      if (running === undefined) return;
      await running.engine.stop({ hard });
      await running.log.close();
      this.#running = undefined;
      this.#tell(() => this.emit('shutdown'));
    });
  }

  /**
   * A ConnectorAPI to this connector.
   *
   * @param options count instead of what this connector's options say
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
    if (connected) this.#tell(() => this.emit('connected', { name, address }));
    else this.#tell(() => this.emit('disconnected', { name, address, reason }));
  }

  /** What a listener throws must not reach into the connector. */
  #tell(emit: () => void): void {
    process.nextTick(emit);
  }

  #giveUpStarts(): void {
    for (const start of this.#starts) start.abort();
  }
}

/** @throws AiocError AIOC_CANCELLED */
function cancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new AiocError('AIOC_CANCELLED', 'the start of the connector was given up');
}
