import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { ownerId, receiveSocketPath } from '../local/socket-names.ts';
import { serverId } from '../protocol/names.ts';
import {
  type ApiPorts,
  apiOptionsFromConfig,
  type ConnectorApiOptions,
  realApiPorts,
} from './api-options.ts';
import { ConnectorLocator } from './connector-locator.ts';
import { ConnectorTransport, type FilesGo, type FrameWithFile } from './connector-transport.ts';
import { type FilePart, type FilePlan, planFile } from './file-pieces.ts';
import { connectToListen, deliveringUsers, makeSocketsDirectory } from './listen-directory.ts';
import { FrameListener } from './listener.ts';
import { type Listener, ListenerMessage, type MessageHandler, messageStream } from './listener-message.ts';
import {
  checkType,
  encodeMessage,
  MessagePreparer,
  type OutgoingMessage,
  type PreparedMessage,
  type SendOptions,
} from './message-frame.ts';
import type { SendOutcome } from './native-channel.ts';
import { ReceivedMessage } from './received-message.ts';

export interface RequestOptions extends SendOptions {
  /** How long to wait for the response. Default: LIMITS.responseTimeoutMs. */
  readonly timeoutMs?: number;
}

export interface ListenOptions {
  /** How many messages may be in the handler at once. Default 1: in order, each after the one before is done. */
  readonly concurrency?: number;
  /** Stops the listener. */
  readonly signal?: AbortSignal;
  /** Told of what the handler threw and of frames that could not be read. Without it such an error stops the listener. */
  readonly onError?: (error: unknown) => void;
  /**
   * The `cursor` of the last message that the program has dealt with, which it has kept itself: messages up to it are
   * passed over, if they are of the same store.
   */
  readonly after?: string;
  /** Takes the place of another program that listens to the type. Default: it is refused. */
  readonly takeOver?: boolean;
}

/**
 * What an application program uses to send and receive through a connector that runs on the same machine, be it aioc or
 * Python's. Any number of programs may send; each message type has one listener.
 */
export class ConnectorAPI {
  readonly #options: ConnectorApiOptions;
  readonly #ports: ApiPorts;
  readonly #place: ConnectorLocator;
  readonly #way: ConnectorTransport;
  readonly #preparer = new MessagePreparer();
  readonly #sourceId: string;
  readonly #server: string | undefined;

  /** @throws AiocError AIOC_NAME_BAD when it is not said which connector is meant */
  constructor(options: ConnectorApiOptions, ports: ApiPorts = realApiPorts()) {
    this.#options = options;
    this.#ports = ports;
    this.#place = new ConnectorLocator(options);
    this.#sourceId = ownerId(this.#place.owner);
    const [host, port] = options.serverSockaddr ?? [];
    this.#server = host === undefined || port === undefined ? undefined : serverId({ host, port });
    this.#way = new ConnectorTransport({
      place: this.#place,
      clock: ports.clock,
      keepSocket: options.udsPathSendPreserveSocket ?? true,
    });
  }

  /**
   * Takes a configuration in Python's keys, a connector's or a program's: the path of a JSON file or what is in it. Of
   * options given twice the second argument's count.
   *
   * @throws AiocError AIOC_CONFIG, AIOC_NAME_BAD
   */
  static async fromConfig(
    config: string | Readonly<Record<string, unknown>>,
    options: Partial<ConnectorApiOptions> = {},
  ): Promise<ConnectorAPI> {
    return new ConnectorAPI({ ...(await apiOptionsFromConfig(config)), ...options });
  }

  /**
   * Sends a message. Messages leave in the order of the calls.
   *
   * With an aioc connector it resolves when the connector has told what it promises, and rejects with what it refuses:
   * await the sends in groups if the pace matters, their order is kept. A Python connector tells nothing: then it
   * resolves when this machine's operating system has the whole message for it. In no case does it promise that the peer
   * is connected, takes the type or has a listener: for that, ask for a response with `request`.
   *
   * @returns what is promised; undefined with a Python connector
   * @throws AiocError AIOC_CONNECTOR_AWAY (when an aioc connector goes away under way, it may have the message or not),
   * AIOC_TYPE_UNKNOWN, AIOC_NAME_BAD, AIOC_PEER_UNKNOWN, AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FRAME_TOO_LARGE,
   * AIOC_QUEUE_FULL, AIOC_CANCELLED
   */
  send(options: SendOptions): Promise<SendOutcome | undefined> {
    try {
      const message = this.#prepare(options, false);
      const sizeBytes = message.data.length + (message.binary?.length ?? 0);
      if (options.withFile !== undefined) return this.#sendWithFile(message, sizeBytes, options);
      const frames = { one: () => encodeMessage(message) };
      return this.#way.send({ sizeBytes, signal: options.signal, frames });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #sendWithFile(
    message: PreparedMessage,
    sizeBytes: number,
    options: SendOptions,
  ): Promise<SendOutcome | undefined> {
    const { signal } = options;
    let plan: FilePlan | undefined;
    const frames = async (filesGo: FilesGo): Promise<readonly FrameWithFile[]> => {
      plan = await this.#planFile(options, filesGo);
      return (plan?.parts ?? []).map((part) => pieceOf(message, part));
    };
    try {
      const outcome = await this.#way.send({ sizeBytes, signal, frames });
      await plan?.handedOver();
      return outcome;
    } catch (error) {
      await plan?.discard();
      throw error;
    }
  }

  /**
   * Sends a message and waits for the peer's program to respond to it. With a Python connector it goes over a connection
   * of its own, so that its order among other messages is not kept. A file in pieces is several requests; the last
   * one's response is given.
   *
   * @throws AiocError what `send` throws, AIOC_TIMEOUT, AIOC_PEER_UNKNOWN when the connector cannot send it,
   * AIOC_RESPONSE_LOST when a connection of the connector broke meanwhile
   */
  async request(options: RequestOptions): Promise<ReceivedMessage> {
    const { timeoutMs = LIMITS.responseTimeoutMs, signal } = options;
    const requestId = options.requestId ?? this.#ports.random.bytes(8).toString('hex');
    const message = this.#prepare({ ...options, requestId }, true);
    const plan =
      options.withFile === undefined ? undefined : await this.#planFile(options, await this.#way.filesGo());
    try {
      const [first, ...others] = plan?.parts ?? [undefined];
      let response = await this.#exchange(message, first, { timeoutMs, signal });
      for (const part of others) {
        response = await this.#exchange(message, part, { timeoutMs, signal });
      }
      await plan?.handedOver();
      return response;
    } catch (error) {
      await plan?.discard();
      throw error;
    }
  }

  /**
   * Hands each message of a type to `handler`, in the order in which the connector delivers them and one at a time,
   * unless more `concurrency` is asked for. The socket file that a killed program left behind is replaced.
   *
   * An aioc connector keeps each message until its handler has resolved (or has thrown, with `onError`), also when the
   * program or the connector is killed meanwhile; the next listener then gets it, `redelivered`. For a Python connector,
   * and for an aioc one that has found the listener before this found it, a message is delivered when it is written.
   *
   * @throws AiocError AIOC_LISTENER_TAKEN, AIOC_TYPE_UNKNOWN, AIOC_SOCKET_PATH, AIOC_LISTEN, AIOC_CANCELLED
   */
  async listen(
    messageType: string,
    handler: MessageHandler,
    { concurrency = 1, signal, onError, after, takeOver = false }: ListenOptions = {},
  ): Promise<Listener> {
    checkType(messageType, this.#options.recvMessageTypes, 'recv_message_types');
    if (!Number.isInteger(concurrency) || concurrency < 1) throw new RangeError(`concurrency ${concurrency}`);
    const directory = await this.#place.directory();
    const reply = async (options: SendOptions): Promise<void> => void (await this.send(options));
    // A program may be started before its connector.
    await makeSocketsDirectory(directory);
    const listener = await FrameListener.start({
      path: receiveSocketPath({ directory, owner: this.#place.owner, messageType }),
      messageType,
      clock: this.#ports.clock,
      letsIn: await deliveringUsers(directory, this.#options.receiveFromAnyConnectorOwner ?? true),
      concurrency,
      signal,
      onError,
      after,
      takeOver,
      connectOwn: () => connectToListen(directory, this.#place.owner),
      handler: (frame, receipt) => handler(new ListenerMessage(frame, reply, receipt)),
    });
    return { messageType, closed: listener.closed, stop: () => listener.stop() };
  }

  /**
   * The messages of a type, one after another: a message is done with, and the next one taken from the connector, when
   * the next one is asked for. Leaving the loop, or aborting, stops listening; the message at hand is then not done with,
   * and an aioc connector gives it to the next listener.
   *
   * @throws AiocError what `listen` throws; a frame that cannot be read ends it with its error
   */
  messages(
    messageType: string,
    options: Pick<ListenOptions, 'signal' | 'after' | 'takeOver'> = {},
  ): AsyncIterableIterator<ListenerMessage> {
    const { signal, after, takeOver } = options;
    const chosen = {
      ...(signal && { signal }),
      ...(after !== undefined && { after }),
      ...(takeOver !== undefined && { takeOver }),
    };
    return messageStream((handler) => this.listen(messageType, handler, chosen));
  }

  /** Ends the connection to the connector. Messages that wait for their turn are refused; listeners go on. */
  close(): void {
    this.#way.close();
  }

  #prepare(message: OutgoingMessage, awaitResponse: boolean): PreparedMessage {
    checkType(message.messageType, this.#options.sendMessageTypes, 'send_message_types');
    const destinationId = message.destinationId ?? this.#onlyPeer();
    return this.#preparer.prepare(message, { sourceId: this.#sourceId, destinationId, awaitResponse });
  }

  /** A client's connector fills its server in by itself. */
  #onlyPeer(): string | undefined {
    if (this.#place.owner.role === 'server') {
      throw new AiocError('AIOC_NAME_BAD', 'destinationId is missing: a server must say to which client');
    }
    return this.#server;
  }

  async #planFile({ withFile: file, signal }: SendOptions, filesGo: FilesGo): Promise<FilePlan | undefined> {
    if (file === undefined) return undefined;
    return planFile({
      file,
      filesGo,
      signal,
      maxPieceBytes: this.#options.maxSizeChunkUpload ?? LIMITS.chunkUploadBytes,
      directory: () => this.#place.directory(),
      random: this.#ports.random,
    });
  }

  async #exchange(
    message: PreparedMessage,
    part: FilePart | undefined,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<ReceivedMessage> {
    const peer = String(message.header['destination_id'] ?? 'the server');
    return new ReceivedMessage(await this.#way.request(pieceOf(message, part), { ...limits, peer }));
  }
}

function pieceOf(message: PreparedMessage, part: FilePart | undefined): FrameWithFile {
  return { frame: encodeMessage(message, part?.withFile), bytes: part?.bytes };
}
