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
  /** Whether all frames use one lasting connection. */
  readonly keep: boolean;
}

/**
 * Sends frames to a Python connector in order, over one lasting connection or one connection per frame. It writes one frame
 * at a time: a frame whose write failed has not arrived whole, so it can be written again to a restarted connector, and
 * the same connector never gets it twice.
 */
export class PythonSendChannel {
  readonly #options: PythonSendChannelOptions;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #socket: net.Socket | undefined;
  /** Open, but not used yet. */
  #spare: net.Socket | undefined;
  #running = false;
  #closed = false;

  constructor(options: PythonSendChannelOptions) {
    this.#options = options;
  }

  /** Whether a connection is open or frames are being sent. Later frames must then use this channel, to keep the order. */
  get isInUse(): boolean {
    return this.#running || this.#socket !== undefined || this.#spare !== undefined;
  }

  /** Uses this connection to the connector for the next frame; for all frames if the connection is lasting. */
  adopt(socket: net.Socket): void {
    this.#spare?.end();
    this.#spare = this.#watched(socket);
    if (this.#closed) socket.end();
  }

  /**
   * Resolves when the operating system has accepted all bytes of the frames. `frames` is called when their turn has come.
   *
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_CONNECTOR_AWAY, AIOC_CANCELLED and the errors of `frames`
   */
  send(options: Pick<Entry, 'sizeBytes' | 'signal' | 'frames'>): Promise<void> {
    if (this.#closed)
      return Promise.reject(new AiocError('AIOC_CANCELLED', 'the API was closed; create a new ConnectorAPI'));
    if (options.signal?.aborted) return Promise.reject(cancelled());
    if (
      this.#entries.length >= LIMITS.outboxMessages ||
      (this.#entries.length > 0 && this.#bytes + options.sizeBytes > LIMITS.outboxBytes)
    ) {
      return Promise.reject(
        new AiocError(
          'AIOC_QUEUE_FULL',
          `${this.#entries.length} messages (${this.#bytes} bytes) are already waiting for the connector: await the sends`,
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

  /** Closes the connection. Waiting frames reject with AIOC_CANCELLED; frames already written still reach the connector. */
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

  /** Cancels an entry whose turn has not come yet. */
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
        // That connector has stopped; a new one may have started.
      }
    }
    const fresh = await this.#open();
    try {
      // A signal that fired while connecting does not fire again.
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
    // An idle connection must not keep the program alive.
    socket.unref();
    const forget = (): void => {
      if (this.#socket === socket) this.#socket = undefined;
      if (this.#spare === socket) this.#spare = undefined;
      socket.destroy();
    };
    socket.on('error', forget);
    socket.on('end', forget);
    socket.on('close', forget);
    // The connector never sends anything here, but Node reports the end only to a reader.
    socket.resume();
    return socket;
  }
}

/** Resolves when the operating system has the whole frame. Aborting leaves a partial frame, so it closes the connection. */
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
      settle(
        new AiocError(
          'AIOC_CONNECTOR_AWAY',
          'the connector closed the connection while a message was being written to it',
        ),
      );
    socket.once('close', closed);
    socket.ref();
    socket.write(frame, settle);
  });
}

function cancelled(): AiocError {
  return new AiocError('AIOC_CANCELLED', 'the message was cancelled before the connector received it');
}
