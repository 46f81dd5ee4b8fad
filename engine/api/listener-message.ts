import { AiocError } from '../base/errors.ts';
import type { OutgoingMessage, SendOptions } from './message-frame.ts';
import { cursorOf } from './progress.ts';
import { type BodyRange, type HeaderSource, ReceivedMessage } from './received-message.ts';

export interface Listener {
  readonly messageType: string;
  /** Resolves when the listener has stopped and its last handler has ended; rejects with the error that stopped it. */
  readonly closed: Promise<void>;
  /**
   * Stops listening. Handlers that are running complete, and their messages are acknowledged; await `closed` for that. An
   * aioc connector keeps the messages that were not handled. With a Python connector, messages already written to the
   * socket are lost.
   */
  stop(): Promise<void>;
}

export type MessageHandler = (message: ListenerMessage) => Promise<void> | void;

/** @param messages at least one */
export type BatchHandler = (messages: readonly ListenerMessage[]) => Promise<void> | void;

/** Options of a reply. The message that it answers sets the type and the destination. */
export type ReplyOptions = Omit<OutgoingMessage, 'messageType' | 'destinationId' | 'responseId' | 'data'>;

/** What a listener's messages that came together have in common. */
export interface MessageOrigin {
  /** Of the connector's store; undefined with a Python connector. */
  readonly storeIdentity: string | undefined;
  readonly redelivered: boolean;
  reply(options: SendOptions): Promise<void>;
}

/** A message received by a listener. */
export class ListenerMessage extends ReceivedMessage {
  readonly #origin: MessageOrigin;
  readonly #position: number;

  constructor(source: HeaderSource, body: BodyRange, origin: MessageOrigin, position: number) {
    super(source, body);
    this.#origin = origin;
    this.#position = position;
  }

  /**
   * The position of this message in the connector's store. A program that saves it together with its results passes it as
   * `after` when it listens again, and skips what it has processed. Undefined with a Python connector.
   */
  get cursor(): string | undefined {
    const { storeIdentity } = this.#origin;
    return storeIdentity === undefined ? undefined : cursorOf(storeIdentity, this.#position);
  }

  /** Whether a listener may have received this message before. Always false with a Python connector. */
  get redelivered(): boolean {
    return this.#origin.redelivered;
  }

  /**
   * Sends data back to the sender with the same message type, as the response if the message was a request. A listener
   * also receives responses that came too late: check `awaitsResponse` before you reply, or two listeners could reply to
   * each other endlessly.
   *
   * @throws AiocError the errors of ConnectorAPI.send, AIOC_PEER_UNKNOWN for a message without a sender
   */
  async reply(data: unknown, options: ReplyOptions = {}): Promise<void> {
    const { messageType, sourceId, requestId } = this;
    if (sourceId === undefined) {
      throw new AiocError(
        'AIOC_PEER_UNKNOWN',
        `cannot reply to this message of type ${messageType}: it does not name its sender`,
      );
    }
    const responseId = requestId === undefined ? {} : { responseId: requestId };
    await this.#origin.reply({ ...options, messageType, destinationId: sourceId, ...responseId, data });
  }
}
