import { AiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { AckHandle } from './ack-handle.ts';
import { UNFINISHED } from './listener.ts';
import type { OutgoingMessage, SendOptions } from './message-frame.ts';
import { ReceivedMessage } from './received-message.ts';

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

/** Options of a reply. The message that it answers sets the type and the destination. */
export type ReplyOptions = Omit<OutgoingMessage, 'messageType' | 'destinationId' | 'responseId' | 'data'>;

/** A message received by a listener. */
export class ListenerMessage extends ReceivedMessage {
  readonly #send: (options: SendOptions) => Promise<void>;
  readonly #ackHandle: AckHandle | undefined;

  constructor(frame: Frame, send: (options: SendOptions) => Promise<void>, ackHandle?: AckHandle) {
    super(frame);
    this.#send = send;
    this.#ackHandle = ackHandle;
  }

  /**
   * The position of this message in the connector's store. A program that saves it together with its results passes it as
   * `after` when it listens again, and skips what it has processed. Undefined with a Python connector.
   */
  get cursor(): string | undefined {
    return this.#ackHandle?.cursor;
  }

  /** Whether a listener may have received this message before. Always false with a Python connector. */
  get redelivered(): boolean {
    return this.#ackHandle?.redelivered ?? false;
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
    await this.#send({ ...options, messageType, destinationId: sourceId, ...responseId, data });
  }
}

interface Held {
  readonly message: ListenerMessage;
  /** The message was processed. */
  done(): void;
  /** The message may not have been processed. */
  leave(): void;
}

/** Turns a listener into an iterator: the handler of a message completes when the next message is requested. */
export async function* messageStream(
  listen: (handler: MessageHandler) => Promise<Listener>,
): AsyncGenerator<ListenerMessage, void, undefined> {
  let waiting: Held | undefined;
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => undefined;
  const listener = await listen(
    (message) =>
      new Promise((done, reject) => {
        waiting = { message, done, leave: () => reject(UNFINISHED) };
        wake();
      }),
  );
  const ended = (how: { readonly error?: unknown }): void => {
    end = how;
    wake();
  };
  listener.closed.then(
    () => ended({}),
    (error: unknown) => ended({ error }),
  );
  try {
    for (;;) {
      const taken: Held | undefined = waiting;
      waiting = undefined;
      if (taken !== undefined) {
        let isLeft = true;
        try {
          yield taken.message;
          isLeft = false;
        } finally {
          if (isLeft) taken.leave();
          else taken.done();
        }
      } else if (end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('error' in end) throw end.error;
      else return;
    }
  } finally {
    waiting?.leave();
    await listener.stop();
  }
}
