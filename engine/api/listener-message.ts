import { AiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { AckHandle } from './ack-handle.ts';
import { UNFINISHED } from './listener.ts';
import type { OutgoingMessage, SendOptions } from './message-frame.ts';
import { ReceivedMessage } from './received-message.ts';

export interface Listener {
  readonly messageType: string;
  /** Settles when the listener has stopped and its last handler has ended; rejects with the error that stopped it. */
  readonly closed: Promise<void>;
  /**
   * Removes the socket and takes nothing more. The message that a handler is at is finished, and acknowledged: `closed`
   * says when. Messages that nobody has taken stay with an aioc connector; they are lost with a Python one, which holds
   * what it has written for delivered.
   */
  stop(): Promise<void>;
}

export type MessageHandler = (message: ListenerMessage) => Promise<void> | void;

/** What a reply may have besides its data: all that the message replied to does not settle. */
export type ReplyOptions = Omit<OutgoingMessage, 'messageType' | 'destinationId' | 'responseId' | 'data'>;

/** A message that came to a listener, which can be replied to. */
export class ListenerMessage extends ReceivedMessage {
  readonly #send: (options: SendOptions) => Promise<void>;
  readonly #receipt: AckHandle | undefined;

  constructor(frame: Frame, send: (options: SendOptions) => Promise<void>, receipt?: AckHandle) {
    super(frame);
    this.#send = send;
    this.#receipt = receipt;
  }

  /**
   * Where this message lies in the connector's store: a program that keeps it with what it has made of the message gives
   * it as `after` when it listens again. Undefined from a Python connector, which has no such thing.
   */
  get cursor(): string | undefined {
    return this.#receipt?.cursor;
  }

  /** Whether a listener may have been given it before. False from a Python connector, which does not say. */
  get redelivered(): boolean {
    return this.#receipt?.redelivered ?? false;
  }

  /**
   * Sends data back to the sender under the same message type, as the response to its request if it was one. A listener
   * is also given responses that nobody waits for any more: of two that reply to whatever comes, neither would ever stop.
   * `awaitsResponse` tells them apart.
   *
   * @throws AiocError what ConnectorAPI.send throws, AIOC_PEER_UNKNOWN for a message that does not say who sent it
   */
  async reply(data: unknown, options: ReplyOptions = {}): Promise<void> {
    const { messageType, sourceId, requestId } = this;
    if (sourceId === undefined) {
      throw new AiocError(
        'AIOC_PEER_UNKNOWN',
        `a message of type ${messageType} does not say who sent it, so it cannot be replied to`,
      );
    }
    const responseId = requestId === undefined ? {} : { responseId: requestId };
    await this.#send({ ...options, messageType, destinationId: sourceId, ...responseId, data });
  }
}

interface Held {
  readonly message: ListenerMessage;
  /** It has been dealt with. */
  done(): void;
  /** Nobody has asked for more: it may not have been dealt with. */
  leave(): void;
}

/** Turns a listener into an iterator: a message is held in its handler until the one after it is asked for. */
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
