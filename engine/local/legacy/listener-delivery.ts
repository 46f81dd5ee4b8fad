import { type FSWatcher, watch } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { atEndOfTurn } from '../../base/end-of-turn.ts';
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
 * Brings one type's messages to its listener on Python's receive socket (PROTOCOL §4): one connection, in order, and no
 * faster than the listener reads. What was not written when a listener goes away is written to the next one. To a
 * listener that keeps up many messages go in one write; to one that does not each goes in its own, so that it is known
 * which of them it had when it went away.
 */
export class ListenerDelivery {
  readonly #options: ListenerDeliveryOptions;
  #socket: Socket | undefined;
  #retry: Timer | undefined;
  #watcher: FSWatcher | undefined;
  #running = false;
  /** Something has arrived since the queue was last looked into. */
  #again = false;
  #planned = false;
  /** Up to this position all has been written. The store may take a while to hear of it. */
  #writtenUpTo = 0;
  #batchBytes: number = LIMITS.deliveryBatchBytes;
  #stopped = false;

  constructor(options: ListenerDeliveryOptions) {
    this.#options = options;
    options.inbox.onArrival(() => this.#arrived());
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
    this.#options.inbox.release();
  }

  get listened(): boolean {
    return this.#options.inbox.listened;
  }

  /** Those that arrive in one turn are looked for together. */
  #arrived(): void {
    this.#again = true;
    if (this.#planned || this.#running) return;
    this.#planned = true;
    atEndOfTurn(() => {
      this.#planned = false;
      this.#run();
    });
  }

  #run(): void {
    if (this.#running || this.#stopped || this.#options.inbox.depth === 0) return;
    this.#running = true;
    this.#again = false;
    this.#deliver().then(
      () => this.#ended(false),
      () => this.#ended(true),
    );
  }

  #ended(failed: boolean): void {
    this.#running = false;
    if (this.#stopped || this.#options.inbox.depth === 0) return;
    if (!failed) {
      if (this.#again) this.#run();
      return;
    }
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(LIMITS.listenerRetryMs, () => this.#run());
  }

  /** Writes what waits until nothing does. Rejects when the listener is not there, or goes away. */
  async #deliver(): Promise<void> {
    const { inbox, preserveSocket, onChange } = this.#options;
    for (;;) {
      const records = await inbox.read(this.#writtenUpTo);
      if (records.length === 0) return;
      for (let index = 0; index < records.length; ) {
        const socket = this.#open ?? (await this.#connected());
        const count = preserveSocket ? this.#batch(records, index) : 1;
        const batch = records.slice(index, index + count);
        await this.#write(socket, batch);
        index += count;
        if (!preserveSocket) await this.#closeAfterMessage(socket);
      }
      onChange();
    }
  }

  /** How many go in one write. */
  #batch(records: readonly StoredRecord[], from: number): number {
    let bytes = 0;
    let to = from;
    while (to < records.length) {
      bytes += (records[to] as StoredRecord).payload.length;
      if (to > from && bytes > this.#batchBytes) break;
      to += 1;
    }
    return to - from;
  }

  async #write(socket: Socket, batch: readonly StoredRecord[]): Promise<void> {
    const last = batch.at(-1) as StoredRecord;
    const payloads = batch.map(({ payload }) => payload);
    const bytes = payloads.length === 1 ? last.payload : Buffer.concat(payloads);
    const left = written(socket, bytes);
    const keepsUp = socket.writableLength === 0;
    const larger = Math.max(LIMITS.deliveryBatchBytes / 16, this.#batchBytes * 2);
    this.#batchBytes = keepsUp ? Math.min(LIMITS.deliveryBatchBytes, larger) : 0;
    await left;
    this.#writtenUpTo = last.position;
    // Not awaited: what the store has not heard of yet is not read again.
    this.#options.inbox.done(last, { count: batch.length, bytes: bytes.length }).catch(() => undefined);
  }

  get #open(): Socket | undefined {
    return this.#socket?.destroyed === false ? this.#socket : undefined;
  }

  async #connected(): Promise<Socket> {
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
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the listener went away'));
    socket.once('close', lost);
    socket.write(bytes, (error) => {
      socket.off('close', lost);
      if (error) reject(error);
      else resolve();
    });
  });
}
