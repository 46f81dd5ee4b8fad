import { type FSWatcher, watch } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { afterMicrotasks } from '../../base/batching.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { SocketConsumer } from '../../queues/inbox-consumers.ts';
import type { StoredRecord } from '../../storage/store.ts';
import { connectUnix, isMarkedSubscriber } from '../unix-sockets.ts';
import { UnconfirmedMessages } from './unconfirmed-messages.ts';

export interface ReceiveSocketConsumerOptions {
  readonly inbox: Inbox;
  /** The socket on which the program of this type listens, when it does. */
  readonly path: string;
  /** False: a connection of its own for each message. */
  readonly preserveSocket: boolean;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly onChange: () => void;
  /**
   * What its listener may hold and not be done with, in bytes: so much that is stored comes again after an end of the
   * connection that it may have been lost with. Absent: what is written counts as taken.
   */
  readonly heldBytes?: number | undefined;
}

/**
 * Brings one type's messages to its listener on Python's receive socket (PROTOCOL §4): one connection, in order, and no
 * faster than the listener reads. What was not written when a listener goes away is written to the next one. A message
 * that is stored goes in a write of its own and is noted as taken before the next one, so that a connector that is killed
 * repeats one at most. Others go many in one write, to a listener that keeps up.
 *
 * What is written lies in the listener's socket and reader for a while, and is lost with it. With `heldBytes` it is taken
 * off the store when so much has been written behind it; what is left at an end that we did not start is written again.
 *
 * A program that uses aioc's library listens here, too, and subscribes over aioc's own socket, where it says which
 * messages it is done with. So a listener that has just been found is given a moment to subscribe before anything is
 * written to it, and a longer one when it has done so before; while there is a subscription nothing is written at all.
 */
export class ReceiveSocketConsumer implements SocketConsumer {
  readonly #options: ReceiveSocketConsumerOptions;
  #socket: Socket | undefined;
  #retry: Timer | undefined;
  #watcher: FSWatcher | undefined;
  #running: Promise<void> | undefined;
  /** Something has arrived since the queue was last looked into. */
  #again = false;
  #planned = false;
  /** The listener that is there has had its moment to subscribe. */
  #isPlain = false;
  /** Ends the moment that a listener is given to subscribe. */
  #endGrace = (): void => undefined;
  #batchBytes: number = LIMITS.deliveryBatchBytes;
  /** What the present connection's listener may lose. */
  #lent: UnconfirmedMessages | undefined;
  /** Something has been taken back: what was read is not what comes next. */
  #isStale = false;
  #stopped = false;

  constructor(options: ReceiveSocketConsumerOptions) {
    this.#options = options;
    options.inbox.onArrival(() => this.#arrived());
    options.inbox.consumers.setSocketConsumer(this);
  }

  start(): void {
    this.#stopped = false;
    this.#isPlain = false;
    this.#options.inbox.reopen();
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
    this.#endOurselves()?.destroy();
    this.#endGrace();
    this.#options.inbox.setHasConsumer(false);
    this.#options.inbox.release();
  }

  get isConnected(): boolean {
    return this.#open !== undefined;
  }

  async pause(): Promise<void> {
    this.#retry?.cancel();
    this.#endGrace();
    while (this.#running !== undefined) await this.#running;
    if (!this.#isAside) return;
    const socket = this.#endOurselves();
    if (socket !== undefined) await ended(socket);
  }

  /** The connection that is open is ended by us: its listener is there and reads to the end. */
  #endOurselves(): Socket | undefined {
    const socket = this.#open;
    // It hears no more of this one's end than that it has been ended.
    this.#socket = undefined;
    this.#lent = undefined;
    // A store that can't note it now has them given again after a restart.
    this.#options.inbox.settle(Number.POSITIVE_INFINITY).catch(() => undefined);
    return socket;
  }

  resume(): void {
    this.#isPlain = false;
    // What was left in the middle when it gave way, should that not be over yet.
    this.#again = true;
    this.#run();
  }

  get hasConsumer(): boolean {
    return this.#options.inbox.hasConsumer;
  }

  /** Those that arrive in one turn are looked for together. */
  #arrived(): void {
    this.#again = true;
    if (this.#planned || this.#running !== undefined) return;
    this.#planned = true;
    afterMicrotasks(() => {
      this.#planned = false;
      this.#run();
    });
  }

  #run(): void {
    const { inbox } = this.#options;
    if (this.#running !== undefined || this.#stopped || inbox.depth === 0 || this.#isAside) return;
    this.#again = false;
    this.#running = this.#deliver().then(
      () => this.#ended(false),
      () => this.#ended(true),
    );
  }

  #ended(failed: boolean): void {
    this.#running = undefined;
    if (this.#stopped || this.#options.inbox.depth === 0 || this.#isAside) return;
    if (!failed) {
      if (this.#again) this.#run();
      return;
    }
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(LIMITS.listenerRetryMs, () => this.#run());
  }

  get #isAside(): boolean {
    return this.#options.inbox.consumers.isSubscribed;
  }

  /** Writes what waits until nothing does. Rejects when the listener is not there, or goes away. */
  async #deliver(): Promise<void> {
    const { inbox, preserveSocket, onChange } = this.#options;
    for (;;) {
      this.#isStale = false;
      const records = await inbox.read(0);
      if (records.length === 0) return;
      for (let index = 0; index < records.length && !this.#isStale; ) {
        const socket = this.#open ?? (await this.#connected());
        if (this.#isAside) return;
        if (this.#isStale) break;
        const oneByOne = !preserveSocket || (inbox.isStored && this.#lent === undefined);
        const count = oneByOne ? 1 : this.#batch(records, index);
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
    this.#options.inbox.give(last.position);
    const bytes = payloads.length === 1 ? last.payload : Buffer.concat(payloads);
    const left = written(socket, bytes);
    const keepsUp = socket.writableLength === 0;
    const larger = Math.max(LIMITS.deliveryBatchBytes / 16, this.#batchBytes * 2);
    this.#batchBytes = keepsUp ? Math.min(LIMITS.deliveryBatchBytes, larger) : 0;
    const lent = this.#lent;
    await left;
    if (lent !== undefined) {
      // Where it has gone meanwhile the batch was not lent, and is read again.
      if (lent === this.#lent) lent.wrote(batch);
      else this.#isStale = true;
      return;
    }
    const { inbox } = this.#options;
    // A store that cannot note it now writes it with what it writes next.
    const sizes = { count: batch.length, bytes: bytes.length, outcome: 'handed over' } as const;
    const noted = inbox.done(last, sizes).catch(() => undefined);
    if (inbox.isStored) await noted;
  }

  get #open(): Socket | undefined {
    return this.#socket?.destroyed === false ? this.#socket : undefined;
  }

  async #connected(): Promise<Socket> {
    const socket = await connectUnix(this.#options.path).catch((error: unknown) => {
      this.#isPlain = false;
      this.#listening(false);
      throw error;
    });
    this.#socket = socket;
    const { inbox, heldBytes } = this.#options;
    this.#lent =
      heldBytes !== undefined && inbox.isStored ? new UnconfirmedMessages(inbox, heldBytes) : undefined;
    // Nothing is ever said by a listener; reading only shows when it goes away.
    socket.resume();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#isPlain = false;
      this.#takeBack();
      this.#endGrace();
      this.#listening(false);
    });
    this.#listening(true);
    if (!this.#isPlain) await this.#grace();
    if (socket.destroyed) throw new Error('the listener went away');
    return socket;
  }

  /** The listener has gone, in whatever way: what it may not have been done with waits again. */
  #takeBack(): void {
    this.#lent = undefined;
    const { inbox, log } = this.#options;
    const { count, bytes } = inbox.takeBack();
    if (count === 0) return;
    this.#isStale = true;
    this.#again = true;
    const text = `the listener of the type ${inbox.type} went away: the last ${count} messages that it was given (${bytes} bytes) are redelivered, since it may have lost them`;
    log.event(text);
  }

  async #grace(): Promise<void> {
    const { clock, path } = this.#options;
    await new Promise<void>((resolve) => {
      const isOver = (): void => {
        this.#isPlain = true;
        resolve();
      };
      let timer = clock.after(LIMITS.subscriptionGraceMs, () => {
        if (isMarkedSubscriber(path)) timer = clock.after(LIMITS.listenerGraceMs, isOver);
        else isOver();
      });
      this.#endGrace = () => {
        timer.cancel();
        resolve();
      };
      // It may have come while the connection was made.
      if (this.#isAside) this.#endGrace();
    });
  }

  #listening(hasConsumer: boolean): void {
    // Whether a subscription is there is not for this one to say.
    if (this.#isAside || hasConsumer === this.#options.inbox.hasConsumer) return;
    this.#options.inbox.setHasConsumer(hasConsumer);
    this.#options.onChange();
  }

  async #closeAfterMessage(socket: Socket): Promise<void> {
    this.#socket = undefined;
    await ended(socket);
  }
}

/** Resolves when the other side can read to the end, or is gone. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', resolve);
    socket.end(resolve);
  });
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
