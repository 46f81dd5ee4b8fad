import { type FSWatcher, watch } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { afterMicrotasks } from '../../base/batching.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import type { Inbox } from '../../queues/inbox.ts';
import type { SocketConsumer } from '../../queues/inbox-consumers.ts';
import { connectUnix, isMarkedSubscriber } from '../unix-sockets.ts';
import { type ListenerFrame, listenerFrames } from './listener-frames.ts';
import { UnconfirmedMessages } from './unconfirmed-messages.ts';

export interface ReceiveSocketConsumerOptions {
  readonly inbox: Inbox;
  /** The receive socket of this type's listener. */
  readonly path: string;
  /** False: opens a connection for each message. */
  readonly preserveSocket: boolean;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly onChange: () => void;
  /**
   * The number of bytes that a listener may hold unprocessed. That many bytes of stored messages are redelivered after the
   * connection ends. If absent, a written message counts as delivered.
   */
  readonly heldBytes?: number | undefined;
}

/**
 * Delivers the messages of one type to a listener on Python's receive socket (PROTOCOL §4), over one connection, in order,
 * and no faster than the listener reads. The next listener gets the messages that were not written. A stored message is
 * written alone and marked as delivered before the next one, so that a killed connector repeats at most one message. Other
 * messages are written in batches.
 *
 * Written messages wait in the listener's socket and reader, and are lost if it ends. With `heldBytes`, a message stays in
 * the store until that many bytes were written after it; messages still in the store when the listener closes the
 * connection are written again.
 *
 * A program that uses aioc's library also has this socket, but subscribes over the native one and acknowledges there. So a
 * new listener gets some time to subscribe before anything is written to it, and more if its socket is marked as a
 * subscriber's. While a subscription exists, nothing is written here.
 */
export class ReceiveSocketConsumer implements SocketConsumer {
  readonly #options: ReceiveSocketConsumerOptions;
  #socket: Socket | undefined;
  #retry: Timer | undefined;
  #watcher: FSWatcher | undefined;
  #running: Promise<void> | undefined;
  /** A message has arrived since the last read of the inbox. */
  #again = false;
  #planned = false;
  /** The current listener has had its time to subscribe. */
  #isPlain = false;
  /** Ends a listener's time to subscribe. */
  #endGrace = (): void => undefined;
  #batchBytes: number = LIMITS.deliveryBatchBytes;
  /** Messages that the current listener may lose. */
  #lent: UnconfirmedMessages | undefined;
  /** Messages were returned to the inbox, so those already read are not the next ones. */
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
      // Finds a new listener at once.
      this.#watcher = watch(dirname(this.#options.path), { persistent: false }, () => this.#run());
      this.#watcher.on('error', () => undefined);
    } catch {
      // Polling is enough.
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

  /** Closes the current connection; its listener reads to the end. */
  #endOurselves(): Socket | undefined {
    const socket = this.#open;
    // Its later close event has no effect.
    this.#socket = undefined;
    this.#lent = undefined;
    // If the store fails now, the messages are redelivered after a restart.
    this.#options.inbox.settle(Number.POSITIVE_INFINITY).catch(() => undefined);
    return socket;
  }

  resume(): void {
    this.#isPlain = false;
    // Wait for a write that was interrupted.
    this.#again = true;
    this.#run();
  }

  get hasConsumer(): boolean {
    return this.#options.inbox.hasConsumer;
  }

  /** Reads the messages that arrive in one event together. */
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

  /** Writes until the inbox is empty. Rejects if there is no listener, or it disconnects. */
  async #deliver(): Promise<void> {
    const { inbox, preserveSocket, onChange } = this.#options;
    for (;;) {
      this.#isStale = false;
      const batches = await inbox.read(0);
      if (batches.length === 0) return;
      // Before the frames are made: without a listener, each arrival would make those of the whole backlog.
      if (this.#open === undefined) await this.#connected();
      if (this.#isAside) return;
      if (this.#isStale) continue;
      const frames = batches.flatMap((batch) => listenerFrames(batch, inbox.firstIndex(batch, 0)));
      for (let index = 0; index < frames.length && !this.#isStale; ) {
        const socket = this.#open ?? (await this.#connected());
        if (this.#isAside) return;
        if (this.#isStale) break;
        const oneByOne = !preserveSocket || (inbox.isStored && this.#lent === undefined);
        const count = oneByOne ? 1 : this.#batch(frames, index);
        await this.#write(socket, frames.slice(index, index + count));
        index += count;
        if (!preserveSocket) await this.#closeAfterMessage(socket);
      }
      onChange();
    }
  }

  /** The number of messages in the next write. */
  #batch(frames: readonly ListenerFrame[], from: number): number {
    let bytes = 0;
    let to = from;
    while (to < frames.length) {
      bytes += (frames[to] as ListenerFrame).bytes.length;
      if (to > from && bytes > this.#batchBytes) break;
      to += 1;
    }
    return to - from;
  }

  async #write(socket: Socket, frames: readonly ListenerFrame[]): Promise<void> {
    const last = frames.at(-1) as ListenerFrame;
    this.#options.inbox.give(last.position);
    const bytes = frames.length === 1 ? last.bytes : Buffer.concat(frames.map((frame) => frame.bytes));
    const left = written(socket, bytes);
    const keepsUp = socket.writableLength === 0;
    const larger = Math.max(LIMITS.deliveryBatchBytes / 16, this.#batchBytes * 2);
    this.#batchBytes = keepsUp ? Math.min(LIMITS.deliveryBatchBytes, larger) : 0;
    const lent = this.#lent;
    await left;
    if (lent !== undefined) {
      // If the listener disconnected meanwhile, the batch is read again.
      if (lent === this.#lent) lent.wrote(frames);
      else this.#isStale = true;
      return;
    }
    const { inbox } = this.#options;
    // If the store fails now, it writes this with its next write.
    const queueBytes = frames.reduce((sum, frame) => sum + frame.queueBytes, 0);
    const sizes = { count: frames.length, bytes: queueBytes, outcome: 'handed over' } as const;
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
    // A listener never sends anything; reading only detects its end.
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
    if (socket.destroyed) throw new Error('the listener disconnected');
    return socket;
  }

  /** The listener has disconnected: messages that it may not have processed return to the inbox. */
  #takeBack(): void {
    this.#lent = undefined;
    const { inbox, log } = this.#options;
    const { count, bytes } = inbox.takeBack();
    if (count === 0) return;
    this.#isStale = true;
    this.#again = true;
    const text = `the listener of type ${inbox.type} disconnected: redelivering its last ${count} messages (${bytes} bytes), which it may have lost`;
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
      // A subscription may have started while connecting.
      if (this.#isAside) this.#endGrace();
    });
  }

  #listening(hasConsumer: boolean): void {
    // Subscriptions are handled elsewhere.
    if (this.#isAside || hasConsumer === this.#options.inbox.hasConsumer) return;
    this.#options.inbox.setHasConsumer(hasConsumer);
    this.#options.onChange();
  }

  async #closeAfterMessage(socket: Socket): Promise<void> {
    this.#socket = undefined;
    await ended(socket);
  }
}

/** Resolves when the listener can read to the end, or has disconnected. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', resolve);
    socket.end(resolve);
  });
}

/** Resolves when the bytes are written to the listener; rejects if they cannot be. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the listener disconnected'));
    socket.once('close', lost);
    socket.write(bytes, (error) => {
      socket.off('close', lost);
      if (error) reject(error);
      else resolve();
    });
  });
}
