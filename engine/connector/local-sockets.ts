import { AiocError, toAiocError } from '../base/errors.ts';
import { ensureDirectory } from '../base/own-directory.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import type { EngineApi } from '../contract/engine-api.ts';
import type { AcceptedFiles } from '../local/accepted-files.ts';
import { listConnector } from '../local/active-connectors.ts';
import type { LocalBroker } from '../local/local-broker.ts';
import { AttachSocket } from '../local/native/attach-socket.ts';
import { NativeSocket } from '../local/native/native-socket.ts';
import { removePidFile, runningProcess, writePidFile } from '../local/pid-file.ts';
import { CommanderSocket } from '../local/python/commander-socket.ts';
import { liveSocketElsewhere } from '../local/python/other-directory-warning.ts';
import { ReceiveSocketConsumer } from '../local/python/receive-socket-consumer.ts';
import { SendSocket } from '../local/python/send-socket.ts';
import { listenerHeldBytes } from '../local/python/unconfirmed-messages.ts';
import {
  attachSocketPath,
  type ConnectorOwner,
  commanderSocketPath,
  nativeListenSocketPath,
  nativeSocketPath,
  ownerId,
  receiveSocketPath,
  sendSocketPath,
} from '../local/socket-names.ts';
import type { CommandHandler } from './command-handler.ts';
import { type ConnectorOptions, fileOwnerOf, type LocalOptions } from './connector-options.ts';
import { socketsDirectoryMode } from './directories-of-config.ts';
import type { MessageLog } from './message-log.ts';

export interface LocalSocketsOptions {
  readonly connector: ConnectorOptions;
  readonly local: LocalOptions;
  readonly broker: LocalBroker;
  readonly files: AcceptedFiles;
  readonly log: MessageLog;
  readonly control: CommandHandler;
  readonly onChange: () => void;
}

/** The connector's sockets for local programs. */
export class LocalSockets {
  readonly #options: LocalSocketsOptions;
  readonly #owner: ConnectorOwner;
  readonly #sendSocket: SendSocket;
  readonly #ownSocket: NativeSocket;
  readonly #listenSocket: NativeSocket;
  readonly #commander: CommanderSocket;
  readonly #deliveries: readonly ReceiveSocketConsumer[];
  #attachSocket: AttachSocket | undefined;
  #listed = false;
  /** Changes of active_connectors.json. */
  readonly #listChanges = new SerialQueue();

  /** @throws AiocError AIOC_SOCKET_PATH */
  constructor(options: LocalSocketsOptions) {
    this.#options = options;
    const { connector, local, broker, files, log, control, onChange } = options;
    const { clock } = connector.ports;
    this.#owner = fileOwnerOf(connector);
    const directory = local.connectorFilesDirectory;
    const owner = this.#owner;
    const { version } = connector;
    const mayBeAnyUser = local.everybodyCanSend;
    // A user that can only send must not be able to listen or control.
    const [senders, others] = mayBeAnyUser
      ? (['everybody', 'owner'] as const)
      : (['group', 'group'] as const);
    const common = { broker, files, clock, log, version, mayBeAnyUser, onChange };
    this.#sendSocket = new SendSocket({
      ...common,
      path: sendSocketPath(directory, owner),
      users: senders,
      preserveSocket: local.preserveSendSocket,
    });
    this.#ownSocket = new NativeSocket({
      ...common,
      path: nativeSocketPath(directory, owner),
      purpose: 'send',
      users: senders,
    });
    this.#listenSocket = new NativeSocket({
      ...common,
      path: nativeListenSocketPath(directory, owner),
      purpose: 'listen',
      users: others,
    });
    const path = commanderSocketPath(directory, owner);
    this.#commander = new CommanderSocket({
      path,
      users: others,
      control: control.from('a command'),
      log,
      clock,
    });
    this.#deliveries = [...broker.inboxes].map((inbox) => {
      const listenerPath = receiveSocketPath({ directory, owner, messageType: inbox.type });
      return new ReceiveSocketConsumer({
        inbox,
        path: listenerPath,
        preserveSocket: local.preserveReceiveSocket,
        ...(local.pythonListener === 'at_least_once' && { heldBytes: listenerHeldBytes() }),
        clock,
        log,
        onChange,
      });
    });
  }

  /** Sets the engine that screens attach to, from the next start. */
  serveAttach(engine: EngineApi): void {
    const { connector, local, log } = this.#options;
    const path = attachSocketPath(local.connectorFilesDirectory, this.#owner);
    const { version, ports } = connector;
    this.#attachSocket = new AttachSocket({ path, engine, clock: ports.clock, log, version });
  }

  /** @throws AiocError AIOC_DIRECTORY, AIOC_CONFIG, AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async startCommander(): Promise<void> {
    const { connectorFilesDirectory: directory, everybodyCanSend } = this.#options.local;
    const mode = socketsDirectoryMode(everybodyCanSend);
    await ensureDirectory({ path: directory, key: 'connector_files_dirpath', mode });
    try {
      await this.#commander.start();
    } catch (error) {
      throw await this.#explain(toAiocError(error));
    }
    await writePidFile(directory, this.#owner);
    await this.#startAttachSocket();
    await this.#warnOfOtherDirectory();
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    // Open the native sockets first: a program that finds only Python's socket considers this a Python connector; one that
    // finds no listen socket considers it an older aioc.
    await this.#listenSocket.start();
    await this.#ownSocket.start();
    await this.#sendSocket.start();
    for (const delivery of this.#deliveries) delivery.start();
  }

  async stop(how: { readonly hard: boolean }): Promise<void> {
    // First, so that receive-socket listeners do not get what a subscription leaves.
    for (const delivery of this.#deliveries) delivery.stop();
    await this.#sendSocket.stop(how);
    await this.#ownSocket.stop();
    await this.#listenSocket.stop();
    this.setListed(false);
    await this.#listChanges.idle();
  }

  async stopCommander(): Promise<void> {
    if (!this.#commander.listening) return;
    await this.#attachSocket?.stop();
    await removePidFile(this.#options.local.connectorFilesDirectory, this.#owner);
    await this.#commander.stop();
  }

  /** Whether the connector is in active_connectors.json: a server while it runs, a client while it is connected. */
  setListed(listed: boolean): void {
    if (listed === this.#listed) return;
    this.#listed = listed;
    const { connector, local, log } = this.#options;
    const change = {
      directory: local.connectorFilesDirectory,
      owner: this.#owner,
      clock: connector.ports.clock,
    };
    this.#listChanges
      .run(() => listConnector(change, listed))
      .catch((error: Error) => log.event(`active_connectors.json: ${error.message}`, { warning: true }));
  }

  /** Without an attach socket, the connector still serves its peers and programs. */
  async #startAttachSocket(): Promise<void> {
    await this.#attachSocket?.start().catch((error: Error) => {
      this.#options.log.event(`screens cannot attach: ${error.message}`, { warning: true });
    });
  }

  async #warnOfOtherDirectory(): Promise<void> {
    const { connectorFilesDirectory: directory, usualDirectories } = this.#options.local;
    const path = await liveSocketElsewhere(directory, usualDirectories);
    if (path === undefined) return;
    this.#options.log.event(
      `other connectors or programs use a directory other than ${directory}: ${path} is in use; programs of this connector need the same connector_files_dirpath`,
      { warning: true },
    );
  }

  /** A clearer error with the process that runs the connector. */
  async #explain(error: AiocError): Promise<AiocError> {
    if (error.code !== 'AIOC_ALREADY_RUNNING') return error;
    const { connectorFilesDirectory: directory } = this.#options.local;
    const pid = await runningProcess(directory, this.#owner);
    const by = pid === undefined ? 'another program' : `process ${pid}`;
    const message = `${ownerId(this.#owner)} is already running in ${directory} (${by}): stop it, or choose another name, port or connector_files_dirpath`;
    return new AiocError('AIOC_ALREADY_RUNNING', message, { cause: error });
  }
}
