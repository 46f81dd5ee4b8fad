import type net from 'node:net';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { LocalEvent } from '../local/local-frames.ts';
import { listenUnix, type SocketUsers, type UnixListener } from '../local/unix-sockets.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { onAbort } from './abort.ts';
import type { AckHandle } from './ack-handle.ts';
import { ClientSubscription } from './client-subscription.ts';
import { PythonReceiveConnection } from './python-receive-connection.ts';

export interface FrameListenerOptions {
  readonly path: string;
  readonly messageType: string;
  readonly clock: Clock;
  readonly letsIn: SocketUsers;
  /** How many frames may be in the handler at once. Above 1 their order is given up. */
  readonly concurrency: number;
  /** Stops the listener. */
  readonly signal: AbortSignal | undefined;
  /** Removes the socket of another program that listens, and takes its place. */
  readonly takeOver: boolean;
  /** A cursor: messages up to it are taken for done. */
  readonly after: string | undefined;
  /** Connects to the own socket of an aioc connector. */
  connectOwn(): Promise<net.Socket>;
  /** @param receipt of a message that stays with the connector until the handler is done with it */
  handler(frame: Frame, receipt: AckHandle | undefined): Promise<void> | void;
  /** Told of what the handler threw and of frames that could not be read. Without it such an error stops the listener. */
  onError: ((error: unknown) => void) | undefined;
}

/** What a handler throws that leaves its message, which was not looked at, to the next listener. */
export const UNFINISHED = Symbol('the message was not looked at');

/**
 * Takes frames from a connector: over Python's receive socket, where it may open a new connection at any frame boundary
 * (Python does every 100 messages), and, from aioc's, over a subscription. Frames of an older connection come first, those
 * of the subscription last, and one is dealt with before the next is taken.
 */
export class FrameListener {
  /** Settles when the listener has stopped and its last handler has ended; rejects with the error that stopped it. */
  readonly closed: Promise<void>;
  #close: { resolve(): void; reject(error: unknown): void } | undefined;
  readonly #options: FrameListenerOptions;
  #server: UnixListener | undefined;
  #connections: PythonReceiveConnection[] = [];
  readonly #subscription: ClientSubscription;
  #stopped = false;
  #taking = false;
  #grace: Timer | undefined;
  #active = 0;
  #forget = (): void => undefined;
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;

  private constructor(options: FrameListenerOptions) {
    this.#options = options;
    const { connectOwn, messageType, clock, takeOver, after } = options;
    this.#subscription = new ClientSubscription({
      connect: connectOwn,
      messageType,
      clock,
      takeOver,
      holdsSocket: () => this.#server !== undefined,
      after,
      onChange: () => this.#changed(),
      onFound: () => this.#server?.markSubscriber(),
      onRefused: (error) => this.#fail(error),
    });
    this.closed = new Promise((resolve, reject) => {
      this.#close = { resolve, reject };
    });
  }

  /** @throws AiocError AIOC_LISTENER_TAKEN, AIOC_TYPE_UNKNOWN, AIOC_LISTEN, AIOC_CANCELLED */
  static async start(options: FrameListenerOptions): Promise<FrameListener> {
    const { messageType, signal } = options;
    if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', `listening to ${messageType} was cancelled`);
    const listener = new FrameListener(options);
    listener.#forget = onAbort(signal, () => void listener.stop());
    try {
      // Before the connector can find our socket, so that all comes over the subscription and nothing over the socket.
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

  /** @returns undefined where this user may make no sockets, and needs none */
  async #bind(): Promise<UnixListener | undefined> {
    const { path, messageType, letsIn, clock, takeOver } = this.#options;
    const bound = listenUnix({
      path,
      letsIn,
      takeOver,
      taken: {
        code: 'AIOC_LISTENER_TAKEN',
        message: `another program listens to messages of type ${messageType} (${path}): stop it first, each type has one listener`,
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
      // A program of the connector's group: what is for it comes over the subscription.
      if (this.#subscription.isFound && (why === 'EACCES' || why === 'EPERM')) return undefined;
      throw error;
    });
  }

  /**
   * Removes the socket and takes nothing more. A frame that a handler is at is finished, and acknowledged; of a
   * subscription the others stay with the connector. Frames that were written to the socket and that nobody has taken are
   * lost: the connector holds them for delivered.
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

  /** There may be something to take, or room in the handler, or an end. */
  #changed(): void {
    if (this.#taking) return;
    this.#taking = true;
    while (!this.#stopped && this.#active < this.#options.concurrency) {
      if (!this.#takeNext()) break;
    }
    this.#taking = false;
    if (this.#stopped && this.#active === 0) this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    await this.#subscription.end();
    if (this.#failure === undefined) this.#close?.resolve();
    else this.#close?.reject(this.#failure.error);
  }

  /** @returns whether there was one */
  #takeNext(): boolean {
    const { event, isClear } = this.#takeFromInlets();
    if (event?.kind === 'frame') this.#handle(event.frame, undefined);
    else if (event !== undefined) this.#report(tooLarge(this.#options.messageType, event.sizeBytes));
    if (event !== undefined) return true;
    if (!isClear || this.#stopped) return false;
    try {
      const taken = this.#subscription.take();
      if (taken !== undefined) this.#handle(taken.frame, taken.receipt);
      return taken !== undefined;
    } catch (error) {
      this.#report(error);
      return true;
    }
  }

  /**
   * The oldest connection that has something, or may still have something, goes first.
   *
   * @returns what it has; and whether nothing is to be waited for from any
   */
  #takeFromInlets(): { readonly event: LocalEvent | undefined; readonly isClear: boolean } {
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

  #handle(frame: Frame, receipt: AckHandle | undefined): void {
    try {
      const handled = this.#options.handler(frame, receipt);
      // A handler that is done already costs no turn of the microtask queue.
      if (handled !== undefined) void this.#finish(Promise.resolve(handled), receipt);
      else receipt?.done();
    } catch (error) {
      this.#failed(error, receipt);
    }
  }

  async #finish(handled: Promise<void>, receipt: AckHandle | undefined): Promise<void> {
    this.#active += 1;
    try {
      await handled;
      receipt?.done();
    } catch (error) {
      this.#failed(error, receipt);
    }
    this.#active -= 1;
    this.#changed();
  }

  /** Who wants to hear of what its handler throws is done with the message; otherwise it is the next listener's. */
  #failed(error: unknown, receipt: AckHandle | undefined): void {
    if (error === UNFINISHED) return;
    this.#report(error);
    if (this.#options.onError !== undefined) receipt?.done();
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
    // Who is told otherwise need not listen to `closed`.
    if (this.#options.onError !== undefined) this.closed.catch(() => undefined);
    this.#failure ??= { error };
    void this.stop();
  }
}

function tooLarge(messageType: string, sizeBytes: number): AiocError {
  return new AiocError(
    'AIOC_FRAME_TOO_LARGE',
    `a message of type ${messageType} with ${sizeBytes} bytes was passed over, at most ${LIMITS.messageBytes} are taken: let the sender use a file`,
  );
}
