import type net from 'node:net';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { type LocalEvent, LocalFrameReader } from '../local/local-frames.ts';

export interface PythonReceiveConnectionOptions {
  readonly socket: net.Socket;
  readonly clock: Clock;
  /** There may be something to take, or nothing any more. */
  onChange(): void;
}

/** One connection of a connector to a listener: read ahead within bounds, and taken from frame by frame. */
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
    // A connector that was killed resets its connections; what it wrote whole before that counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#over = true;
      this.#late?.cancel();
      onChange();
    });
  }

  /** Whether nothing more will come out of it. */
  get finished(): boolean {
    return this.#over && (this.#fault !== undefined || !this.#reader.ready);
  }

  /** Milliseconds since the connector last said anything here; 0 in the middle of a frame, since more is bound to come. */
  get silentMs(): number {
    return this.#reader.insideFrame ? 0 : this.#options.clock.now() - this.#heardAtMs;
  }

  /**
   * The next frame, if it is here.
   *
   * @throws AiocError AIOC_FRAME_BAD when the stream makes no sense, AIOC_TIMEOUT when the rest of a frame did not come;
   * once, and the connection is closed
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

  /** Reads on while a frame is not whole, or little is waiting; and does not wait for the rest of a frame for ever. */
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
    this.#fault = new AiocError('AIOC_TIMEOUT', 'a connector began a frame and did not end it');
    onChange();
  }
}
