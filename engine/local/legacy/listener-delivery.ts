import { type FSWatcher, watch } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { StoredRecord } from '../../storage/store.ts';
import { connectUnix } from '../unix-sockets.ts';

export interface ListenerDeliveryOptions {
  readonly inbox: Inbox;
  /** The socket on which the program of this type listens, when it does. */
  readonly path: string;
  /** False: a connection of its own for each message. */
  readonly preserveSocket: boolean;
  readonly clock: Clock;
  readonly onChange: () => void;
}

/**
 * Brings one type's messages to its listener on Python's receive socket (PROTOCOL §4): one connection, one write a
 * message, in order, and no faster than the listener reads. What was not written when a listener goes away is written
 * to the next one.
 */
export class ListenerDelivery {
  readonly #options: ListenerDeliveryOptions;
  #socket: Socket | undefined;
  #retry: Timer | undefined;
  #watcher: FSWatcher | undefined;
  #running = false;
  #stopped = false;

  constructor(options: ListenerDeliveryOptions) {
    this.#options = options;
    options.inbox.onArrival(() => this.#run());
  }

  start(): void {
    this.#stopped = false;
    try {
      // A listener that has just come is found at once, not only at the next look.
      this.#watcher = watch(dirname(this.#options.path), { persistent: false }, () => this.#run());
      this.#watcher.on('error', () => undefined);
    } catch {
      // Looking now and then is enough.
    }
    this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#watcher?.close();
    this.#socket?.destroy();
    this.#options.inbox.setListened(false);
    this.#options.inbox.abandon();
  }

  get listened(): boolean {
    return this.#options.inbox.listened;
  }

  #run(): void {
    if (this.#running || this.#stopped || this.#options.inbox.depth === 0) return;
    this.#running = true;
    this.#deliver().then(
      () => this.#ended(false),
      () => this.#ended(true),
    );
  }

  #ended(failed: boolean): void {
    this.#running = false;
    if (this.#stopped || this.#options.inbox.depth === 0) return;
    if (!failed) return this.#run();
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(LIMITS.listenerRetryMs, () => this.#run());
  }

  /** Writes what waits until nothing does. Rejects when the listener is not there, or goes away. */
  async #deliver(): Promise<void> {
    const { inbox, preserveSocket } = this.#options;
    let after = 0;
    for (;;) {
      const records = await inbox.read(after);
      if (records.length === 0) return;
      for (const record of records) {
        const socket = await this.#connected();
        await written(socket, record);
        after = record.position;
        await inbox.done(record, { count: 1, bytes: record.payload.length });
        if (!preserveSocket) await this.#closeAfterMessage(socket);
      }
      this.#options.onChange();
    }
  }

  async #connected(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
    const socket = await connectUnix(this.#options.path).catch((error: unknown) => {
      this.#listening(false);
      throw error;
    });
    this.#socket = socket;
    // Nothing is ever said by a listener; reading only shows when it goes away.
    socket.resume();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#listening(false);
    });
    this.#listening(true);
    return socket;
  }

  #listening(listened: boolean): void {
    if (listened === this.#options.inbox.listened) return;
    this.#options.inbox.setListened(listened);
    this.#options.onChange();
  }

  async #closeAfterMessage(socket: Socket): Promise<void> {
    this.#socket = undefined;
    await new Promise<void>((resolve) => socket.end(resolve));
  }
}

/** Resolves when the bytes have left for the listener; rejects when they did not. */
function written(socket: Socket, { payload }: StoredRecord): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the listener went away'));
    socket.once('close', lost);
    socket.write(payload, (error) => {
      socket.off('close', lost);
      if (error) reject(error);
      else resolve();
    });
  });
}
