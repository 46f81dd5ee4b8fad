import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { LocalEvent } from '../local/local-frames.ts';
import { listenUnix, type UnixListener } from '../local/unix-sockets.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { onAbort } from './abort.ts';
import { Inlet } from './inlet.ts';

export interface FrameListenerOptions {
  readonly path: string;
  readonly messageType: string;
  readonly clock: Clock;
  readonly forEverybody: boolean;
  /** How many frames may be in the handler at once. Above 1 their order is given up. */
  readonly concurrency: number;
  /** Stops the listener. */
  readonly signal: AbortSignal | undefined;
  handler(frame: Frame): Promise<void> | void;
  /** Told of what the handler threw and of frames that could not be read. Without it such an error stops the listener. */
  onError: ((error: unknown) => void) | undefined;
}

/**
 * Takes frames from a connector, which may open a new connection at any frame boundary (Python does every 100
 * messages). Frames of an older connection come first, and one is dealt with before the next is taken.
 */
export class FrameListener {
  /** Settles when the listener has stopped and its last handler has ended; rejects with the error that stopped it. */
  readonly closed: Promise<void>;
  #close: { resolve(): void; reject(error: unknown): void } | undefined;
  readonly #options: FrameListenerOptions;
  #server: UnixListener | undefined;
  #inlets: Inlet[] = [];
  #stopped = false;
  #taking = false;
  #grace: Timer | undefined;
  #active = 0;
  #forget = (): void => undefined;
  #failure: { readonly error: unknown } | undefined;

  private constructor(options: FrameListenerOptions) {
    this.#options = options;
    this.closed = new Promise((resolve, reject) => {
      this.#close = { resolve, reject };
    });
  }

  /** @throws AiocError AIOC_LISTENER_TAKEN, AIOC_LISTEN, AIOC_CANCELLED */
  static async start(options: FrameListenerOptions): Promise<FrameListener> {
    const { path, messageType, forEverybody, clock, signal } = options;
    if (signal?.aborted) throw new AiocError('AIOC_CANCELLED', `listening to ${messageType} was cancelled`);
    const listener = new FrameListener(options);
    try {
      listener.#server = await listenUnix({
        path,
        forEverybody,
        taken: {
          code: 'AIOC_LISTENER_TAKEN',
          message: `another program listens to messages of type ${messageType} (${path}): stop it first, each type has one listener`,
        },
        onConnection: (socket) => {
          const onChange = (): void => listener.#changed();
          listener.#inlets.push(new Inlet({ socket, clock, onChange }));
          onChange();
        },
      });
    } catch (error) {
      await listener.stop();
      throw error;
    }
    listener.#forget = onAbort(signal, () => void listener.stop());
    if (signal?.aborted) await listener.stop();
    return listener;
  }

  /**
   * Removes the socket and takes nothing more. A frame that a handler is at is finished; frames that the connector has
   * written and nobody has taken are lost with a Python connector, which holds them for delivered.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#forget();
    for (const inlet of this.#inlets.splice(0)) inlet.destroy();
    this.#changed();
    await this.#server?.close();
  }

  /** There may be something to take, or room in the handler, or an end. */
  #changed(): void {
    if (this.#taking) return;
    this.#taking = true;
    while (!this.#stopped && this.#active < this.#options.concurrency) {
      const event = this.#take();
      if (event === undefined) break;
      this.#deal(event);
    }
    this.#taking = false;
    if (!this.#stopped || this.#active > 0) return;
    if (this.#failure === undefined) this.#close?.resolve();
    else this.#close?.reject(this.#failure.error);
  }

  /** The oldest connection that has something, or may still have something, goes first. */
  #take(): LocalEvent | undefined {
    this.#grace?.cancel();
    this.#grace = undefined;
    for (let index = 0; index < this.#inlets.length; ) {
      const inlet = this.#inlets[index] as Inlet;
      const event = this.#takeFrom(inlet);
      if (event !== undefined) return event;
      if (inlet.finished) {
        this.#inlets.splice(index, 1);
        continue;
      }
      const restMs = LIMITS.olderConnectionMs - inlet.silentMs;
      if (restMs > 0) {
        const newerWait = index + 1 < this.#inlets.length;
        if (newerWait) this.#grace = this.#options.clock.after(restMs, () => this.#changed());
        return undefined;
      }
      index += 1;
    }
    return undefined;
  }

  #takeFrom(inlet: Inlet): LocalEvent | undefined {
    try {
      return inlet.take();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  #deal(event: LocalEvent): void {
    if (event.kind === 'frame') this.#handle(event.frame);
    else this.#report(tooLarge(this.#options.messageType, event.sizeBytes));
  }

  #handle(frame: Frame): void {
    try {
      const handled = this.#options.handler(frame);
      // A handler that is done already costs no turn of the microtask queue.
      if (handled !== undefined) void this.#finish(Promise.resolve(handled));
    } catch (error) {
      this.#report(error);
    }
  }

  async #finish(handled: Promise<void>): Promise<void> {
    this.#active += 1;
    try {
      await handled;
    } catch (error) {
      this.#report(error);
    }
    this.#active -= 1;
    this.#changed();
  }

  #report(error: unknown): void {
    if (this.#options.onError !== undefined) {
      this.#options.onError(error);
      return;
    }
    this.#failure ??= { error: error instanceof Error ? error : toAiocError(error) };
    void this.stop();
  }
}

function tooLarge(messageType: string, sizeBytes: number): AiocError {
  return new AiocError(
    'AIOC_FRAME_TOO_LARGE',
    `a message of type ${messageType} with ${sizeBytes} bytes was passed over, at most ${LIMITS.messageBytes} are taken: let the sender use a file`,
  );
}
