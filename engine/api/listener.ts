import type net from 'node:net';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { LocalEvent } from '../local/local-frames.ts';
import { listenUnix, type SocketUsers, type UnixListener } from '../local/unix-sockets.ts';
import { onAbort } from './abort.ts';
import { ClientSubscription } from './client-subscription.ts';
import { ListenerMessage, type MessageOrigin } from './listener-message.ts';
import type { Progress } from './progress.ts';
import { PythonReceiveConnection } from './python-receive-connection.ts';
import { bodyRangeOf, sourceOf } from './received-message.ts';

export interface MessageListenerOptions {
  readonly path: string;
  readonly messageType: string;
  readonly clock: Clock;
  readonly users: SocketUsers;
  /** Maximum number of calls of the handler at the same time. Above 1, they may complete out of order. */
  readonly concurrency: number;
  /** Stops the listener. */
  readonly signal: AbortSignal | undefined;
  /** Replaces another program that listens to the type. */
  readonly takeOver: boolean;
  /** A cursor: messages up to it are skipped. */
  readonly after: string | undefined;
  /** Connects to the native socket of an aioc connector. */
  connectNative(): Promise<net.Socket>;
  /** Sends a reply to a message. */
  readonly reply: MessageOrigin['reply'];
  /** Set: the handler gets arrays of so many messages at most. */
  readonly maxMessages: number | undefined;
  handler(given: ListenerMessage | readonly ListenerMessage[]): Promise<void> | void;
  /** Receives errors thrown by the handler and errors of unreadable frames. If absent, such an error stops the listener. */
  onError: ((error: unknown) => void) | undefined;
}

/** A handler throws this to leave its unprocessed message to the next listener. */
export const UNFINISHED = Symbol('the message was not processed');

/**
 * Receives frames from a connector: over Python's receive socket, to which the connector may open a new connection at any
 * frame boundary (Python does after every 100 messages), and, from an aioc connector, over a subscription. Frames of older
 * connections come first, frames of the subscription last.
 */
export class MessageListener {
  /** Resolves when the listener has stopped and its last handler has ended; rejects with the error that stopped it. */
  readonly closed: Promise<void>;
  #close: { resolve(): void; reject(error: unknown): void } | undefined;
  readonly #options: MessageListenerOptions;
  #server: UnixListener | undefined;
  #connections: PythonReceiveConnection[] = [];
  readonly #subscription: ClientSubscription;
  /** Of messages over Python's socket. */
  readonly #origin: MessageOrigin;
  #stopped = false;
  #taking = false;
  #grace: Timer | undefined;
  #active = 0;
  #position = 0;
  #forget = (): void => undefined;
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;

  private constructor(options: MessageListenerOptions) {
    this.#options = options;
    const { connectNative, messageType, clock, takeOver, after, reply } = options;
    this.#origin = { storeIdentity: undefined, redelivered: false, reply };
    this.#subscription = new ClientSubscription({
      connect: connectNative,
      messageType,
      clock,
      takeOver,
      holdsSocket: () => this.#server !== undefined,
      after,
      reply,
      onChange: () => this.#changed(),
      onFound: () => this.#server?.markSubscriber(),
      onRefused: (error) => this.#fail(error),
    });
    this.closed = new Promise((resolve, reject) => {
      this.#close = { resolve, reject };
    });
  }

  /** @throws AiocError AIOC_LISTENER_TAKEN, AIOC_TYPE_UNKNOWN, AIOC_LISTEN, AIOC_CANCELLED */
  static async start(options: MessageListenerOptions): Promise<MessageListener> {
    const { messageType, signal } = options;
    if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', `listening to ${messageType} was cancelled`);
    const listener = new MessageListener(options);
    listener.#forget = onAbort(signal, () => void listener.stop());
    try {
      // Before the connector can find our socket, so that every message comes over the subscription.
      await listener.#subscription.open();
      if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', `listening to ${messageType} was cancelled`);
      listener.#throwFailure();
      listener.#server = await listener.#bind();
      if (listener.#subscription.isFound) listener.#server?.markSubscriber();
      await listener.#subscription.subscribe();
      if (listener.#stopped) await listener.stop();
      listener.#throwFailure();
    } catch (error) {
      listener.closed.catch(() => undefined);
      await listener.stop();
      throw error;
    }
    return listener;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** @returns undefined if this user cannot create sockets in the directory and does not need one */
  async #bind(): Promise<UnixListener | undefined> {
    const { path, messageType, users, clock, takeOver } = this.#options;
    const bound = listenUnix({
      path,
      users,
      takeOver,
      taken: {
        code: 'AIOC_LISTENER_TAKEN',
        message: `another program already listens to messages of type ${messageType} (${path}): each type has one listener; stop the other program first`,
      },
      onConnection: (socket) => {
        const onChange = (): void => this.#changed();
        this.#connections.push(new PythonReceiveConnection({ socket, clock, onChange }));
        this.#subscription.lookNow();
        onChange();
      },
    });
    return bound.catch((error: unknown) => {
      const why = systemCode((error as AiocError).cause);
      // A program of the connector's group receives over the subscription only.
      if (this.#subscription.isFound && (why === 'EACCES' || why === 'EPERM')) return undefined;
      throw error;
    });
  }

  /**
   * Removes the socket and takes no more frames. Handlers that are running complete, and their messages are acknowledged.
   * Other messages of a subscription stay with the connector. Frames written to Python's socket that were not taken are
   * lost, since they count as delivered.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#forget();
    for (const connection of this.#connections.splice(0)) connection.destroy();
    this.#subscription.stop();
    this.#changed();
    await this.#server?.close();
    await this.#ending;
  }

  /** Called when a frame may be available, a handler has completed, or the listener is stopping. */
  #changed(): void {
    if (this.#taking) return;
    this.#taking = true;
    const { concurrency, maxMessages } = this.#options;
    while (!this.#stopped && this.#active < concurrency) {
      const isTaken = maxMessages === undefined ? this.#handleNext() : this.#handleMany(maxMessages);
      if (!isTaken) break;
    }
    this.#taking = false;
    if (this.#stopped && this.#active === 0) this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    await this.#subscription.end();
    if (this.#failure === undefined) this.#close?.resolve();
    else this.#close?.reject(this.#failure.error);
  }

  /** @returns false if there was no message */
  #handleNext(): boolean {
    const message = this.#take();
    if (message === undefined) return false;
    if (message !== UNREADABLE) this.#handle(message, this.#position);
    return true;
  }

  /** Hands out what is there. */
  #handleMany(maxMessages: number): boolean {
    const messages: ListenerMessage[] = [];
    let lastPosition = 0;
    while (messages.length < maxMessages && !this.#stopped) {
      const message = this.#take();
      if (message === undefined) break;
      if (message === UNREADABLE) continue;
      messages.push(message);
      if (this.#position > 0) lastPosition = this.#position;
    }
    if (messages.length === 0 || this.#stopped) return false;
    this.#handle(messages, lastPosition);
    return true;
  }

  /** Sets `#position` too: 0 for a message over Python's socket. */
  #take(): ListenerMessage | typeof UNREADABLE | undefined {
    if (this.#connections.length > 0) {
      const { event, isClear } = this.#takeFromConnections();
      this.#position = 0;
      if (event?.kind === 'frame')
        return new ListenerMessage(sourceOf(event.frame), bodyRangeOf(event.frame), this.#origin, 0);
      if (event !== undefined) {
        this.#report(tooLarge(this.#options.messageType, event.sizeBytes));
        return UNREADABLE;
      }
      if (!isClear || this.#stopped) return undefined;
    }
    try {
      const message = this.#subscription.take();
      this.#position = this.#subscription.takenPosition;
      return message;
    } catch (error) {
      this.#report(error);
      return UNREADABLE;
    }
  }

  /**
   * Takes from the oldest connection that has frames or may still get some.
   *
   * @returns its next event; `isClear` if no connection can deliver anything older than the subscription
   */
  #takeFromConnections(): { readonly event: LocalEvent | undefined; readonly isClear: boolean } {
    this.#grace?.cancel();
    this.#grace = undefined;
    for (let index = 0; index < this.#connections.length; ) {
      const connection = this.#connections[index] as PythonReceiveConnection;
      const event = this.#takeFrom(connection);
      if (event !== undefined) return { event, isClear: false };
      if (connection.finished) {
        this.#connections.splice(index, 1);
        continue;
      }
      const restMs = LIMITS.olderConnectionMs - connection.silentMs;
      if (restMs > 0) {
        const newerWait = index + 1 < this.#connections.length || this.#subscription.isReady;
        if (newerWait) this.#grace = this.#options.clock.after(restMs, () => this.#changed());
        return { event: undefined, isClear: false };
      }
      index += 1;
    }
    return { event: undefined, isClear: true };
  }

  #takeFrom(connection: PythonReceiveConnection): LocalEvent | undefined {
    try {
      return connection.take();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  /** @param position of the last message; 0: none of them is acknowledged */
  #handle(given: ListenerMessage | readonly ListenerMessage[], position: number): void {
    const progress = position > 0 ? this.#subscription.progress : undefined;
    progress?.begin(position);
    try {
      const handled: unknown = this.#options.handler(given);
      // A synchronous handler costs no promise.
      if (isThenable(handled)) void this.#finish(handled, progress, position);
      else this.#done(progress, position);
    } catch (error) {
      this.#failed(error, progress, position);
    }
  }

  async #finish(
    handled: PromiseLike<unknown>,
    progress: Progress | undefined,
    position: number,
  ): Promise<void> {
    this.#active += 1;
    try {
      await handled;
      this.#done(progress, position);
    } catch (error) {
      this.#failed(error, progress, position);
    }
    this.#active -= 1;
    this.#changed();
  }

  /** Acknowledges a message, if the connector keeps it. */
  #done(progress: Progress | undefined, position: number): void {
    if (progress === undefined) return;
    progress.end(position);
    this.#subscription.processed(progress);
  }

  /** With `onError` the message counts as processed; without it, the next listener gets it. */
  #failed(error: unknown, progress: Progress | undefined, position: number): void {
    if (error === UNFINISHED) return;
    this.#report(error);
    if (this.#options.onError !== undefined) this.#done(progress, position);
  }

  #report(error: unknown): void {
    if (this.#options.onError !== undefined) {
      this.#options.onError(error);
      return;
    }
    this.#fail(error instanceof Error ? error : toAiocError(error));
  }

  /** Ends the listener. */
  #fail(error: Error): void {
    // A program with `onError` need not handle `closed`.
    if (this.#options.onError !== undefined) this.closed.catch(() => undefined);
    this.#failure ??= { error };
    void this.stop();
  }
}

/** Something was taken that is no message, and was reported. */
const UNREADABLE = Symbol('unreadable');

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function tooLarge(messageType: string, sizeBytes: number): AiocError {
  return new AiocError(
    'AIOC_FRAME_TOO_LARGE',
    `skipped a message of type ${messageType} with ${sizeBytes} bytes; the limit is ${LIMITS.messageBytes}: send it as a file`,
  );
}
