import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { ownerId, receiveSocketPath } from '../local/socket-names.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { serverId } from '../protocol/names.ts';
import {
  type ApiPorts,
  apiOptionsFromConfig,
  type ConnectorApiOptions,
  realApiPorts,
} from './api-options.ts';
import { ConnectorLocator } from './connector-locator.ts';
import { ConnectorTransport, type FileTransfer, type FrameWithFile } from './connector-transport.ts';
import { planFile } from './file-plan.ts';
import type { FilePart, FilePlan } from './file-plan-types.ts';
import { connectToListen, deliveringUsers, makeSocketsDirectory } from './listen-directory.ts';
import { MessageListener, type MessageListenerOptions } from './listener.ts';
import type { BatchHandler, Listener, ListenerMessage, MessageHandler } from './listener-message.ts';
import {
  checkType,
  encodeMessage,
  filesOf,
  type OutgoingMessage,
  prepareMessage,
  type SendOptions,
  type SomeFile,
  sizeOf,
} from './message-frame.ts';
import { messageStream } from './message-stream.ts';
import type { SendOutcome } from './outgoing-batch.ts';
import { bodyRangeOf, ReceivedMessage, sourceOf } from './received-message.ts';
import { SendBatcher } from './send-batcher.ts';
import { leastOf, sendMany } from './send-many.ts';

export interface RequestOptions extends SendOptions {
  /** Timeout for the response, in milliseconds. Default: LIMITS.responseTimeoutMs. */
  readonly timeoutMs?: number;
}

export interface ListenOptions {
  /** Maximum number of messages in the handler at the same time. Default: 1, which processes messages in order. */
  readonly concurrency?: number;
  /** Stops the listener. */
  readonly signal?: AbortSignal;
  /** Receives errors thrown by the handler and errors of unreadable frames. If absent, such an error stops the listener. */
  readonly onError?: (error: unknown) => void;
  /**
   * The `cursor` of the last message that the program has processed, if the program saves it. Messages up to it are
   * skipped, if they are from the same store.
   */
  readonly after?: string;
  /** Replaces another program that listens to the type. Default: `listen` fails with AIOC_LISTENER_TAKEN. */
  readonly takeOver?: boolean;
}

export interface ListenBatchesOptions extends ListenOptions {
  /** Maximum number of messages in an array. Default: LIMITS.listenerBatchMessages. */
  readonly maxMessages?: number;
}

/**
 * Sends and receives messages through a connector that runs on the same machine: aioc's or Python's. Any number of programs
 * can send; each message type has one listener.
 */
export class ConnectorAPI {
  readonly #options: ConnectorApiOptions;
  readonly #ports: ApiPorts;
  readonly #locator: ConnectorLocator;
  readonly #transport: ConnectorTransport;
  readonly #batcher: SendBatcher;
  readonly #sourceId: string;
  readonly #server: string | undefined;

  /** @throws AiocError AIOC_NAME_BAD if the options do not identify a connector */
  constructor(options: ConnectorApiOptions, ports: ApiPorts = realApiPorts()) {
    this.#options = options;
    this.#ports = ports;
    this.#locator = new ConnectorLocator(options);
    this.#sourceId = ownerId(this.#locator.owner);
    const [host, port] = options.serverSockaddr ?? [];
    this.#server = host === undefined || port === undefined ? undefined : serverId({ host, port });
    this.#transport = new ConnectorTransport({
      locator: this.#locator,
      clock: ports.clock,
      keepSocket: options.udsPathSendPreserveSocket ?? true,
    });
    this.#batcher = new SendBatcher(this.#transport, this.#sourceId);
  }

  /**
   * Creates an instance from a configuration with Python's keys, of a connector or of a program.
   *
   * @param config the path of a JSON file, or its contents
   * @param options take precedence over the configuration
   * @throws AiocError AIOC_CONFIG, AIOC_NAME_BAD
   */
  static async fromConfig(
    config: string | Readonly<Record<string, unknown>>,
    options: Partial<ConnectorApiOptions> = {},
  ): Promise<ConnectorAPI> {
    return new ConnectorAPI({ ...(await apiOptionsFromConfig(config)), ...options });
  }

  /**
   * Sends a message. Messages are sent in the order of the calls.
   *
   * With an aioc connector, the promise resolves when the connector has accepted the message, and rejects if the connector
   * refuses it. For throughput, await sends in groups; their order is kept. A Python connector does not answer: the promise
   * then resolves when the operating system has the whole message.
   *
   * Resolving does not mean that the peer has the message, accepts its type or has a listener. If you need to know, use
   * `request`.
   *
   * @returns what the connector guarantees; undefined with a Python connector
   * @throws AiocError AIOC_CONNECTOR_AWAY (if an aioc connector stops during the call, it may or may not have the message),
   * AIOC_TYPE_UNKNOWN, AIOC_NAME_BAD, AIOC_PEER_UNKNOWN, AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE, AIOC_FRAME_TOO_LARGE,
   * AIOC_QUEUE_FULL, AIOC_CANCELLED
   */
  send(options: SendOptions): Promise<SendOutcome | undefined> {
    try {
      if (filesOf(options).length > 0) {
        this.#transport.check(sizeOf(options), options.signal);
        return this.#sendWithFile(options);
      }
      return this.#batcher.send(options, this.#checked(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends messages in order, with one promise for all. It resolves as `send` for the least of them.
   *
   * @param common default values for all messages, and a signal that cancels what has not been written yet
   * @returns what the connector guarantees for all of them; undefined with a Python connector
   * @throws SendManyError if the connector has not accepted all of them: it says which. AiocError as `send`, with nothing
   * sent, if a message is not valid or too much is already waiting; one call may be of any size if nothing is waiting
   */
  sendMany(
    messages: Iterable<OutgoingMessage>,
    common?: Partial<SendOptions>,
  ): Promise<SendOutcome | undefined>;
  sendMany(
    messages: Iterable<Partial<OutgoingMessage>>,
    common: SendOptions,
  ): Promise<SendOutcome | undefined>;
  async sendMany(
    messages: Iterable<Partial<OutgoingMessage>>,
    common: Partial<SendOptions> = {},
  ): Promise<SendOutcome | undefined> {
    this.#batcher.flush();
    return sendMany(messages, {
      transport: this.#transport,
      sourceId: this.#sourceId,
      common,
      destinationOf: (message) => this.#checked(message),
      sendWithFile: (message) => this.#sendWithFile(message),
    });
  }

  /** With several files, one message for each. */
  async #sendWithFile(options: SendOptions): Promise<SendOutcome | undefined> {
    const sent = filesOf(options).map((file) => this.#sendWithOneFile(options, file));
    return leastOf(await allOrFirstError(sent));
  }

  async #sendWithOneFile(options: SendOptions, file: SomeFile): Promise<SendOutcome | undefined> {
    const { signal } = options;
    const message = this.#prepare(options, false);
    const sizeBytes = message.data.length + (message.binary?.length ?? 0);
    let plan: FilePlan | undefined;
    const frames = async (fileTransfer: FileTransfer): Promise<readonly FrameWithFile[]> => {
      plan = await this.#planFile(file, signal, fileTransfer);
      return plan.parts.map((part) => ({ ...frameOf(message, part), onState: file.onState }));
    };
    this.#batcher.flush();
    try {
      const outcome = await this.#transport.sendFile({ sizeBytes, signal, frames });
      await plan?.handedOver();
      return outcome;
    } catch (error) {
      await plan?.discard();
      throw error;
    }
  }

  /**
   * Sends a message and waits for the response of the peer's program. With a Python connector, each request uses a separate
   * connection, so its order relative to other messages is not kept. Each of several files is a request of its own, as is
   * each piece of a large file for a Python connector; you get the response to the last one.
   *
   * @throws AiocError the errors of `send`, AIOC_TIMEOUT, AIOC_PEER_UNKNOWN if the connector cannot send the request,
   * AIOC_RESPONSE_LOST if a connection of the connector breaks before the response arrives
   */
  async request(options: RequestOptions): Promise<ReceivedMessage> {
    const { timeoutMs = LIMITS.responseTimeoutMs, signal } = options;
    const requestId = options.requestId ?? this.#ports.random.bytes(8).toString('hex');
    const message = this.#prepare({ ...options, requestId }, true);
    const limits = { timeoutMs, signal };
    const [first, ...others] = filesOf(options);
    let response = await this.#requestWithFile(message, first, limits);
    for (const file of others) response = await this.#requestWithFile(message, file, limits);
    return response;
  }

  async #requestWithFile(
    message: OutFrame,
    file: SomeFile | undefined,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<ReceivedMessage> {
    if (file === undefined) return this.#exchange(message, undefined, limits);
    const plan = await this.#planFile(file, limits.signal, await this.#transport.fileTransfer());
    try {
      const [first, ...others] = plan.parts;
      let response = await this.#exchange(message, first, limits);
      for (const part of others) response = await this.#exchange(message, part, limits);
      await plan.handedOver();
      return response;
    } catch (error) {
      await plan.discard();
      throw error;
    }
  }

  /**
   * Calls `handler` for each message of a type, in the order of delivery and one at a time, unless `concurrency` is set.
   * A socket file left by a killed program is replaced.
   *
   * An aioc connector keeps each message until its handler resolves (or throws, with `onError`), even if the program or the
   * connector is killed; the next listener then gets the message again, with `redelivered` set. With a Python connector, a
   * message counts as delivered once it is written to the socket. This also holds for an aioc connector that finds the
   * listener's socket before the listener has subscribed.
   *
   * @throws AiocError AIOC_LISTENER_TAKEN, AIOC_TYPE_UNKNOWN, AIOC_SOCKET_PATH, AIOC_LISTEN, AIOC_CANCELLED
   */
  listen(messageType: string, handler: MessageHandler, options: ListenOptions = {}): Promise<Listener> {
    return this.#listen(messageType, options, { handler, maxMessages: undefined });
  }

  /**
   * Calls `handler` with arrays of messages: all that are there, at least one and at most `maxMessages`. Nothing waits to
   * fill an array. Use it if your program handles many messages at a lower cost than one by one, for example in a
   * transaction of a database. The messages of an array are acknowledged together, when its handler resolves; if it
   * rejects, and there is no `onError`, the next listener gets all of them.
   *
   * @throws AiocError the errors of `listen`
   */
  listenBatches(
    messageType: string,
    handler: BatchHandler,
    { maxMessages = LIMITS.listenerBatchMessages, ...options }: ListenBatchesOptions = {},
  ): Promise<Listener> {
    if (!Number.isInteger(maxMessages) || maxMessages < 1)
      return Promise.reject(new RangeError(`maxMessages ${maxMessages}`));
    return this.#listen(messageType, options, { handler, maxMessages });
  }

  async #listen(
    messageType: string,
    { concurrency = 1, signal, onError, after, takeOver = false }: ListenOptions,
    how: Pick<MessageListenerOptions, 'handler' | 'maxMessages'>,
  ): Promise<Listener> {
    checkType(messageType, this.#options.recvMessageTypes, 'recv_message_types');
    if (!Number.isInteger(concurrency) || concurrency < 1) throw new RangeError(`concurrency ${concurrency}`);
    const directory = await this.#locator.directory();
    // The program may start before its connector.
    await makeSocketsDirectory(directory);
    const listener = await MessageListener.start({
      path: receiveSocketPath({ directory, owner: this.#locator.owner, messageType }),
      messageType,
      clock: this.#ports.clock,
      users: await deliveringUsers(directory, this.#options.receiveFromAnyConnectorOwner ?? true),
      concurrency,
      signal,
      onError,
      after,
      takeOver,
      connectNative: () => connectToListen(directory, this.#locator.owner),
      reply: async (options) => void (await this.send(options)),
      ...how,
    });
    return { messageType, closed: listener.closed, stop: () => listener.stop() };
  }

  /**
   * Iterates over the messages of a type. Requesting the next message acknowledges the current one. Leaving the loop or
   * aborting stops the listener without acknowledging the current message, so an aioc connector delivers it to the next
   * listener.
   *
   * @throws AiocError the errors of `listen`; an unreadable frame ends the iteration with its error
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

  /** Closes the connection to the connector. Queued sends reject with AIOC_CANCELLED; listeners continue. */
  close(): void {
    this.#batcher.flush();
    this.#transport.close();
  }

  #prepare(message: OutgoingMessage, awaitResponse: boolean): OutFrame {
    const destinationId = this.#checked(message);
    return prepareMessage(message, { sourceId: this.#sourceId, destinationId, awaitResponse });
  }

  /** @returns the destination */
  #checked({ messageType, destinationId }: OutgoingMessage): string | undefined {
    checkType(messageType, this.#options.sendMessageTypes, 'send_message_types');
    return destinationId ?? this.#onlyPeer();
  }

  /** A client has one peer, its server; without its address, the connector fills it in. */
  #onlyPeer(): string | undefined {
    if (this.#locator.owner.role === 'server') {
      throw new AiocError('AIOC_NAME_BAD', 'destinationId is missing: set it to the name of the client');
    }
    return this.#server;
  }

  #planFile(file: SomeFile, signal: AbortSignal | undefined, fileTransfer: FileTransfer): Promise<FilePlan> {
    return planFile({
      file,
      fileTransfer,
      signal,
      maxChunkBytes: this.#options.maxSizeChunkUpload ?? LIMITS.chunkUploadBytes,
      directory: () => this.#locator.directory(),
      random: this.#ports.random,
    });
  }

  async #exchange(
    message: OutFrame,
    part: FilePart | undefined,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<ReceivedMessage> {
    const peer = String(message.header['destination_id'] ?? 'the server');
    this.#batcher.flush();
    const frame = await this.#transport.request(frameOf(message, part), { ...limits, peer });
    return new ReceivedMessage(sourceOf(frame), bodyRangeOf(frame));
  }
}

/** Nothing of what was begun still runs when it throws. */
async function allOrFirstError<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function frameOf(message: OutFrame, part: FilePart | undefined): FrameWithFile {
  return { frame: encodeMessage(message, part?.withFile), bytes: part?.bytes };
}
