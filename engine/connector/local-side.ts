import { AiocError, toAiocError } from '../base/errors.ts';
import { ensureDirectory } from '../base/own-directory.ts';
import type { EngineDoor } from '../contract/door.ts';
import { listConnector } from '../local/active-connectors.ts';
import { Commander } from '../local/legacy/commander.ts';
import { listenerHeldBytes } from '../local/legacy/lent-messages.ts';
import { ListenerDelivery } from '../local/legacy/listener-delivery.ts';
import { SendSocket } from '../local/legacy/send-socket.ts';
import type { Mailroom } from '../local/mailroom.ts';
import { liveSocketElsewhere } from '../local/other-directory.ts';
import { DoorSocket } from '../local/own/door-socket.ts';
import { OwnSocket } from '../local/own/own-socket.ts';
import { removePidFile, runningProcess, writePidFile } from '../local/pid-file.ts';
import {
  type ConnectorOwner,
  commanderSocketPath,
  doorSocketPath,
  ownerId,
  ownListenSocketPath,
  ownSocketPath,
  receiveSocketPath,
  sendSocketPath,
} from '../local/socket-names.ts';
import type { Spool } from '../local/spool.ts';
import { type ConnectorOptions, type LocalOptions, ownerOf } from './connector-options.ts';
import type { Control } from './control.ts';
import { socketsDirectoryMode } from './directories-of-config.ts';
import type { MessageLog } from './message-log.ts';

export interface LocalSideOptions {
  readonly connector: ConnectorOptions;
  readonly local: LocalOptions;
  readonly mailroom: Mailroom;
  readonly spool: Spool;
  readonly log: MessageLog;
  readonly control: Control;
  readonly onChange: () => void;
}

/** The connector towards the programs of its own machine: the sockets that lead to its mailroom. */
export class LocalSide {
  readonly #options: LocalSideOptions;
  readonly #owner: ConnectorOwner;
  readonly #sendSocket: SendSocket;
  readonly #ownSocket: OwnSocket;
  readonly #listenSocket: OwnSocket;
  readonly #commander: Commander;
  readonly #deliveries: readonly ListenerDelivery[];
  #doorSocket: DoorSocket | undefined;
  #listed = false;
  /** Changes of the list follow one another. */
  #listing: Promise<void> = Promise.resolve();

  /** @throws AiocError AIOC_SOCKET_PATH */
  constructor(options: LocalSideOptions) {
    this.#options = options;
    const { connector, local, mailroom, spool, log, control, onChange } = options;
    const { clock } = connector.ports;
    this.#owner = ownerOf(connector);
    const directory = local.connectorFilesDirectory;
    const owner = this.#owner;
    const { version } = connector;
    const mayBeAnyUser = local.everybodyCanSend;
    // Where everybody can send, sending must not include listening and control.
    const [senders, others] = mayBeAnyUser
      ? (['everybody', 'owner'] as const)
      : (['group', 'group'] as const);
    const common = { mailroom, spool, clock, log, version, mayBeAnyUser, onChange };
    this.#sendSocket = new SendSocket({
      ...common,
      path: sendSocketPath(directory, owner),
      letsIn: senders,
      preserveSocket: local.preserveSendSocket,
    });
    this.#ownSocket = new OwnSocket({
      ...common,
      path: ownSocketPath(directory, owner),
      purpose: 'send',
      letsIn: senders,
    });
    this.#listenSocket = new OwnSocket({
      ...common,
      path: ownListenSocketPath(directory, owner),
      purpose: 'listen',
      letsIn: others,
    });
    const path = commanderSocketPath(directory, owner);
    this.#commander = new Commander({ path, letsIn: others, control: control.from('a command'), log, clock });
    this.#deliveries = [...mailroom.inboxes].map((inbox) => {
      const listenerPath = receiveSocketPath({ directory, owner, messageType: inbox.type });
      return new ListenerDelivery({
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

  /** What screens of this machine are attached to, from the next start of the commander on. */
  offerDoor(door: EngineDoor): void {
    const { connector, local, log } = this.#options;
    const path = doorSocketPath(local.connectorFilesDirectory, this.#owner);
    const { version, ports } = connector;
    this.#doorSocket = new DoorSocket({ path, door, clock: ports.clock, log, version });
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
    await this.#startDoor();
    await this.#warnOfOtherDirectory();
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    // A program that finds only Python's socket takes us for Python, and is never told that its messages are stored; one
    // that finds no socket for listening takes us for an aioc that has none.
    await this.#listenSocket.start();
    await this.#ownSocket.start();
    await this.#sendSocket.start();
    for (const delivery of this.#deliveries) delivery.start();
  }

  async stop(how: { readonly hard: boolean }): Promise<void> {
    // First of all: what a subscription leaves behind is not for them any more.
    for (const delivery of this.#deliveries) delivery.stop();
    await this.#sendSocket.stop(how);
    await this.#ownSocket.stop();
    await this.#listenSocket.stop();
    this.setListed(false);
    await this.#listing;
  }

  async stopCommander(): Promise<void> {
    if (!this.#commander.listening) return;
    await this.#doorSocket?.stop();
    await removePidFile(this.#options.local.connectorFilesDirectory, this.#owner);
    await this.#commander.stop();
  }

  /** Whether the connector stands in active_connectors.json: a server while it runs, a client while it is connected. */
  setListed(listed: boolean): void {
    if (listed === this.#listed) return;
    this.#listed = listed;
    const { connector, local, log } = this.#options;
    const change = {
      directory: local.connectorFilesDirectory,
      owner: this.#owner,
      clock: connector.ports.clock,
    };
    this.#listing = this.#listing
      .then(() => listConnector(change, listed))
      .catch((error: Error) => log.event(`active_connectors.json: ${error.message}`, { warning: true }));
  }

  /** A connector to which no screen can be attached serves its peers and programs all the same. */
  async #startDoor(): Promise<void> {
    await this.#doorSocket?.start().catch((error: Error) => {
      this.#options.log.event(`no screen can be attached: ${error.message}`, { warning: true });
    });
  }

  async #warnOfOtherDirectory(): Promise<void> {
    const { connectorFilesDirectory: directory, usualDirectories } = this.#options.local;
    const path = await liveSocketElsewhere(directory, usualDirectories);
    if (path === undefined) return;
    this.#options.log.event(
      `connectors or programs of this machine use another directory than ${directory}: ${path} is in use; those that are meant for this connector need the same connector_files_dirpath`,
      { warning: true },
    );
  }

  /** Says who runs it already. */
  async #explain(error: AiocError): Promise<AiocError> {
    if (error.code !== 'AIOC_ALREADY_RUNNING') return error;
    const { connectorFilesDirectory: directory } = this.#options.local;
    const pid = await runningProcess(directory, this.#owner);
    const by = pid === undefined ? 'another program' : `process ${pid}`;
    const message = `${ownerId(this.#owner)} is run by ${by} already, in ${directory}: stop that one, or give this one another name, port or connector_files_dirpath`;
    return new AiocError('AIOC_ALREADY_RUNNING', message, { cause: error });
  }
}
