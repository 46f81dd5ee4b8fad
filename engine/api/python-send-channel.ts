import type net from 'node:net';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { onAbort } from './abort.ts';

interface Entry {
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  frames(): readonly Buffer[] | Promise<readonly Buffer[]>;
  resolve(): void;
  reject(error: AiocError): void;
}

export interface PythonSendChannelOptions {
  connect(): Promise<net.Socket>;
  /** Whether one connection is kept for all frames. */
  readonly keep: boolean;
}

/**
 * Hands frames to the connector one after another, in the order in which they were given, over one kept connection or
 * each over its own. One frame is written at a time: so a frame whose writing failed is known not to have arrived whole,
 * and is written again to a connector that was restarted, never twice to the same one.
 */
export class PythonSendChannel {
  readonly #options: PythonSendChannelOptions;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #socket: net.Socket | undefined;
  /** Made already, and not used yet. */
  #spare: net.Socket | undefined;
  #running = false;
  #closed = false;

  constructor(options: PythonSendChannelOptions) {
    this.#options = options;
  }

  /** Whether a connection is there, or frames are on their way: what is to come after them comes here. */
  get isInUse(): boolean {
    return this.#running || this.#socket !== undefined || this.#spare !== undefined;
  }

  /** Takes this connection to the connector for the next frame, and for all if one is kept. */
  adopt(socket: net.Socket): void {
    this.#spare?.end();
    this.#spare = this.#watched(socket);
    if (this.#closed) socket.end();
  }

  /**
   * Resolves when the operating system has taken all bytes of the frames for the connector. `frames` is called when it
   * is their turn.
   *
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_CONNECTOR_AWAY, AIOC_CANCELLED and what `frames` throws
   */
  send(options: Pick<Entry, 'sizeBytes' | 'signal' | 'frames'>): Promise<void> {
    if (this.#closed) return Promise.reject(new AiocError('AIOC_CANCELLED', 'the API has been closed'));
    if (options.signal?.aborted) return Promise.reject(cancelled());
    if (
      this.#entries.length >= LIMITS.outboxMessages ||
      (this.#entries.length > 0 && this.#bytes + options.sizeBytes > LIMITS.outboxBytes)
    ) {
      return Promise.reject(
        new AiocError(
          'AIOC_QUEUE_FULL',
          `${this.#entries.length} messages (${this.#bytes} bytes) wait already for the connector to read them: await each send`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const forget = onAbort(options.signal, () => this.#leave(entry));
      const entry: Entry = {
        ...options,
        resolve: () => {
          forget();
          resolve();
        },
        reject: (error) => {
          forget();
          reject(error);
        },
      };
      this.#entries.push(entry);
      this.#bytes += options.sizeBytes;
      void this.#run();
    });
  }

  /** Ends the connection; what waits is refused. What was taken already still reaches the connector. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#entries.splice(0)) {
      this.#bytes -= entry.sizeBytes;
      entry.reject(new AiocError('AIOC_CANCELLED', 'the API was closed before the message was sent'));
    }
    this.#socket?.end();
    this.#socket = undefined;
    this.#spare?.end();
    this.#spare = undefined;
  }

  /** Whoever still waits for its turn need not wait to be cancelled. */
  #leave(entry: Entry): void {
    const index = this.#entries.indexOf(entry);
    if (index < 0) return;
    this.#entries.splice(index, 1);
    this.#bytes -= entry.sizeBytes;
    entry.reject(cancelled());
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      try {
        for (const frame of await entry.frames()) await this.#deliver(frame, entry.signal);
        entry.resolve();
      } catch (error) {
        entry.reject(toAiocError(error, 'AIOC_CONNECTOR_AWAY'));
      }
      this.#bytes -= entry.sizeBytes;
    }
    this.#running = false;
  }

  async #deliver(frame: Buffer, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw cancelled();
    const kept = this.#socket;
    if (kept !== undefined) {
      try {
        return await write(kept, frame, signal);
      } catch (error) {
        if (signal?.aborted) throw error;
        // The connector it belonged to is gone: another may have taken its place.
      }
    }
    const fresh = await this.#open();
    try {
      // It may have been cancelled meanwhile: a signal that fired before it was listened to says nothing any more.
      if (signal?.aborted) throw cancelled();
      await write(fresh, frame, signal);
    } finally {
      if (!this.#options.keep || this.#closed) fresh.end();
    }
  }

  async #open(): Promise<net.Socket> {
    const spare = this.#spare?.destroyed === false ? this.#spare : undefined;
    this.#spare = undefined;
    const socket = spare ?? this.#watched(await this.#options.connect());
    if (this.#options.keep && !this.#closed) this.#socket = socket;
    return socket;
  }

  #watched(socket: net.Socket): net.Socket {
    // A connection that waits for the next message must not keep the program alive.
    socket.unref();
    const forget = (): void => {
      if (this.#socket === socket) this.#socket = undefined;
      if (this.#spare === socket) this.#spare = undefined;
      socket.destroy();
    };
    socket.on('error', forget);
    socket.on('end', forget);
    socket.on('close', forget);
    // Nothing is ever said here by the connector, but only who reads learns of the end.
    socket.resume();
    return socket;
  }
}

/** Resolves when the operating system has all of it. An aborted write leaves a torn frame, so the connection goes too. */
function write(socket: net.Socket, frame: Buffer, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => {
      socket.destroy();
      settle(cancelled());
    });
    const settle = (error: Error | null | undefined): void => {
      forget();
      socket.off('close', closed);
      socket.unref();
      if (error) reject(error);
      else resolve();
    };
    const closed = (): void =>
      settle(new AiocError('AIOC_CONNECTOR_AWAY', 'the connector closed while a message was handed to it'));
    socket.once('close', closed);
    socket.ref();
    socket.write(frame, settle);
  });
}

function cancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the message was cancelled before the connector had it');
}
