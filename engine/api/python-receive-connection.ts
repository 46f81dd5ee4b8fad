import type net from 'node:net';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { type LocalEvent, LocalFrameReader } from '../local/local-frames.ts';

export interface PythonReceiveConnectionOptions {
  readonly socket: net.Socket;
  readonly clock: Clock;
  /** A frame may be available, or the connection has ended. */
  onChange(): void;
}

/** A connection of a connector to a listener's receive socket. It reads ahead up to a limit. */
export class PythonReceiveConnection {
  readonly #options: PythonReceiveConnectionOptions;
  readonly #reader = new LocalFrameReader();
  #heardAtMs: number;
  #over = false;
  #late: Timer | undefined;
  #fault: AiocError | undefined;

  constructor(options: PythonReceiveConnectionOptions) {
    this.#options = options;
    const { socket, clock, onChange } = options;
    this.#heardAtMs = clock.now();
    socket.on('data', (chunk: Buffer) => {
      this.#heardAtMs = clock.now();
      this.#reader.push(chunk);
      this.#adjust();
      onChange();
    });
    // A killed connector resets its connections; frames that it wrote completely still count.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#over = true;
      this.#late?.cancel();
      onChange();
    });
  }

  /** Whether it has ended and has no more frames. */
  get finished(): boolean {
    return this.#over && (this.#fault !== undefined || !this.#reader.ready);
  }

  /** Milliseconds since the last bytes arrived; 0 inside a frame, since its rest must follow. */
  get silentMs(): number {
    return this.#reader.insideFrame ? 0 : this.#options.clock.now() - this.#heardAtMs;
  }

  /**
   * The next frame, if one is available.
   *
   * @throws AiocError AIOC_FRAME_BAD if the stream is invalid, AIOC_TIMEOUT if the rest of a frame does not arrive; throws
   * once and closes the connection
   */
  take(): LocalEvent | undefined {
    if (this.#over && this.#fault !== undefined) return undefined;
    if (this.#fault !== undefined) throw this.#close(this.#fault);
    try {
      const event = this.#reader.next();
      this.#adjust();
      return event;
    } catch (error) {
      throw this.#close(error as AiocError);
    }
  }

  destroy(): void {
    this.#late?.cancel();
    this.#options.socket.destroy();
  }

  #close(fault: AiocError): AiocError {
    this.#fault = fault;
    this.#over = true;
    this.destroy();
    return fault;
  }

  /** Reads while a frame is incomplete or little is buffered, and sets a timeout for the rest of a frame. */
  #adjust(): void {
    const { socket, clock } = this.#options;
    const enough = this.#reader.ready && this.#reader.bufferedBytes >= LIMITS.listenerReadAheadBytes;
    if (enough) socket.pause();
    else if (socket.isPaused()) socket.resume();
    const awaited = this.#reader.insideFrame && !this.#reader.ready;
    if (!awaited) {
      this.#late?.cancel();
      this.#late = undefined;
    } else if (this.#late === undefined && !this.#over) {
      this.#late = clock.after(LIMITS.localFrameTimeoutMs, () => this.#checkLate());
    }
  }

  #checkLate(): void {
    const { clock, onChange } = this.#options;
    const restMs = this.#heardAtMs + LIMITS.localFrameTimeoutMs - clock.now();
    if (restMs > 0) {
      this.#late = clock.after(restMs, () => this.#checkLate());
      return;
    }
    this.#fault = new AiocError('AIOC_TIMEOUT', 'a connector sent part of a frame and then stopped');
    onChange();
  }
}
